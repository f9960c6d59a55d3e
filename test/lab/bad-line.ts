import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { BRIDGE, type Ground } from './ground.ts'
import { SYSTEM_PATH } from './process.ts'

export interface BadLineOptions {
  /** Of what is sent, in either direction. */
  readonly lossPercent: number
  /** Of what arrives, in either direction: there and back it is twice as much. */
  readonly delayMs: number
}

export interface BadLine {
  /** The line is as it was before. What is under way is lost. */
  end(): Promise<void>
}

export interface Spoilt {
  /** Whose line it is. */
  readonly name: string
  /** The bridge's ends of the lines of those who are to be behind it; what they send to one another is not touched. */
  readonly cables: readonly string[]
}

/** The same losses in every lab; what they hit depends on when it was sent. */
const SEED = 20

/**
 * Puts a process that carries frames between these machines and all others, and the deployer. Few kernels of virtual
 * machines have netem, and nearly all have TAP devices, which get whole packets with their checksums, as a real cable
 * would. It ends with the lab.
 */
export async function spoilLine(ground: Ground, { name, cables }: Spoilt, options: BadLineOptions): Promise<BadLine> {
  const [near, far, beside] = [`near-${name}`, `far-${name}`, `by-${name}`] as const
  const carrier = await startCarrier(ground, [near, far], options)
  await ground.demand('sh', ['-ec', DETOUR, 'sh', near, far, beside, ...cables])
  return {
    async end() {
      await ground.demand('sh', ['-ec', STRAIGHT, 'sh', beside, ...cables])
      await carrier.end()
    },
  }
}

/** The machines, a bridge of their own, the process, and the bridge of all others. */
const DETOUR = `
ip link add "$3" type bridge
ip link set "$3" up
ip link set "$1" master "$3" up
ip link set "$2" master ${BRIDGE} up
beside=$3
shift 3
for cable; do ip link set "$cable" master "$beside"; done
`

const STRAIGHT = `
beside=$1
shift
for cable; do ip link set "$cable" master ${BRIDGE}; done
ip link delete "$beside"
`

/** Resolves when it has both devices. */
async function startCarrier(ground: Ground, taps: readonly string[], { lossPercent, delayMs }: BadLineOptions) {
  const numbers = [lossPercent / 100, delayMs / 1000, SEED].map(String)
  const inside = ['-t', String(ground.pid), '-n', '-p', '--', 'perl', '-e', CARRY]
  const child = spawn('nsenter', [...inside, ...numbers, ...taps], {
    cwd: '/',
    env: { PATH: SYSTEM_PATH },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const ended = once(child, 'exit')
  let errors = ''
  child.stderr.on('data', (text) => {
    errors += String(text)
  })
  const failed = ended.then(() => Promise.reject(new Error(`there is no bad line: ${errors}`)))
  await Promise.race([once(child.stdout, 'data'), failed])
  return {
    async end() {
      child.stdin.end()
      await ended
    },
  }
}

/** Frames come out in the order in which they went in. It ends with its input. */
const CARRY = `
use strict; use Fcntl; use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC);
my ($loss, $delay, $seed, @names) = @ARGV;
my ($TUNSETIFF, $IFF_TAP, $IFF_NO_PI, $FRAME_MAX) = (0x400454ca, 0x0002, 0x1000, 65536);
sub now { clock_gettime(CLOCK_MONOTONIC) }
sub open_tap {
  my ($name) = @_;
  sysopen(my $tap, '/dev/net/tun', O_RDWR | O_NONBLOCK) or die "/dev/net/tun: $!\\n";
  ioctl($tap, $TUNSETIFF, pack('a16 S x22', $name, $IFF_TAP | $IFF_NO_PI)) or die "$name: $!\\n";
  return $tap;
}
my @taps = map { open_tap($_) } @names;
my @under_way;
srand $seed;
syswrite STDOUT, "ready\\n";
for (;;) {
  my $readable = '';
  vec($readable, fileno $_, 1) = 1 for @taps, *STDIN;
  my $wait = @under_way ? $under_way[0][0] - now() : undef;
  select($readable, undef, undef, defined $wait && $wait < 0 ? 0 : $wait);
  exit if vec($readable, fileno STDIN, 1);
  for my $side (0, 1) {
    while (sysread $taps[$side], my $frame, $FRAME_MAX) {
      push @under_way, [now() + $delay, $taps[1 - $side], $frame] if rand() >= $loss;
    }
  }
  while (@under_way && $under_way[0][0] <= now()) {
    my ($due, $tap, $frame) = @{shift @under_way};
    syswrite $tap, $frame;
  }
}
`
