/** One stream of a remote command: what came before the script is told apart, the last bytes are kept, lines are passed on. */
import { StringDecoder } from 'node:string_decoder'

/** The contract's `outputMax`: so many bytes of each stream are kept. */
export const OUTPUT_MAX_BYTES = 1024 * 1024
const NOISE_MAX_BYTES = 64 * 1024
/** A longer line is passed on in pieces, so that a stream without line ends cannot fill the memory. */
const LINE_MAX_CHARACTERS = 256 * 1024

export interface OutputReader {
  push(chunk: Buffer): void
  /** Passes on a last line without an end. Nothing may be pushed afterwards. */
  end(): void
  /** What the script wrote, at most OUTPUT_MAX_BYTES, the last ones. */
  text(): string
  /** What came before the marker, from the login shell's own start-up. */
  noise(): string
}

export interface OutputOptions {
  readonly marker: string
  /** Called once, with what stood behind the marker on its line. */
  readonly onMarker: (rest: string) => void
  readonly onLine: (line: string) => void
}

export function outputReader({ marker, onMarker, onLine }: OutputOptions): OutputReader {
  const noise = keepLast(NOISE_MAX_BYTES)
  const kept = keepLast(OUTPUT_MAX_BYTES)
  const lines = splitLines(onLine)
  let begun = false

  function pass(chunk: Buffer): void {
    kept.push(chunk)
    lines.push(chunk)
  }

  function seek(chunk: Buffer): void {
    noise.push(chunk)
    const seen = noise.bytes()
    const at = seen.indexOf(marker)
    const lineEnd = at < 0 ? -1 : seen.indexOf('\n', at)
    if (lineEnd < 0) return
    begun = true
    onMarker(seen.toString('utf8', at + marker.length, lineEnd).trim())
    pass(seen.subarray(lineEnd + 1))
  }

  return {
    push: (chunk) => (begun ? pass(chunk) : seek(chunk)),
    end: () => lines.end(),
    text: () => wholeCharacters(kept.bytes()).toString('utf8'),
    noise: () => wholeCharacters(noise.bytes()).toString('utf8'),
  }
}

/** Keeps the last `maxBytes` of what is pushed. */
function keepLast(maxBytes: number): { push(chunk: Buffer): void; bytes(): Buffer } {
  const chunks: Buffer[] = []
  let held = 0
  return {
    push(chunk) {
      chunks.push(chunk)
      held += chunk.length
      for (let first = chunks[0]; first !== undefined && held - first.length >= maxBytes; first = chunks[0]) {
        held -= first.length
        chunks.shift()
      }
    },
    bytes: () => Buffer.concat(chunks).subarray(-maxBytes),
  }
}

/** Without the rest of a character whose beginning was cut off (RFC 3629: continuation bytes are 10xxxxxx, at most three). */
function wholeCharacters(bytes: Buffer): Buffer {
  let start = 0
  while (start < 3 && ((bytes[start] ?? 0) & 0xc0) === 0x80) start += 1
  return bytes.subarray(start)
}

/** A character may be split between two chunks: the decoder waits for the rest of it. */
function splitLines(onLine: (line: string) => void): { push(chunk: Buffer): void; end(): void } {
  const decoder = new StringDecoder('utf8')
  let rest = ''
  const emit = (line: string): void => onLine(line.endsWith('\r') ? line.slice(0, -1) : line)
  return {
    push(chunk) {
      const parts = (rest + decoder.write(chunk)).split('\n')
      rest = parts.pop() ?? ''
      parts.forEach(emit)
      if (rest.length < LINE_MAX_CHARACTERS) return
      emit(rest)
      rest = ''
    },
    end() {
      rest += decoder.end()
      if (rest !== '') emit(rest)
      rest = ''
    },
  }
}
