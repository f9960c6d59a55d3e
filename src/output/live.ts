/** For a person at a terminal: a list that shows what happens now, driven by listr2; then the end, printed. */
import { Listr, type ListrTaskWrapper } from 'listr2'
import type { Output, Reported } from '../rollout/report.ts'
import { emptyView, type FleetView, frameLines, type HostView, nextView } from './frame.ts'
import { createLiveText } from './live-text.ts'
import type { Paint } from './paint.ts'
import { createScreen, type Screen } from './screen.ts'
import { createSink, type OutputStream } from './sink.ts'

export interface LiveOptions {
  readonly out: OutputStream
  readonly err: OutputStream
  readonly paint: Paint
  readonly nowMs: () => number
  /** Whether an answer can be typed here. */
  readonly asks: boolean
}

/** Draws at most so often. listr2's own renderer draws at every event, and takes the event loop with it. */
const frameEveryMs = 100

export function createLive({ out, err, paint, nowMs, asks }: LiveOptions): Output {
  const sinks = { out: createSink(out), err: createSink(err) }
  const screen = createScreen(sinks.out, out)
  const text = createLiveText(screen, { paint, asks })
  const drawn = createDrawn({ screen, paint, nowMs, asks })
  return {
    show: (report) => {
      const wasAsking = drawn.isAsking()
      const view = drawn.tell(report)
      const lines = text.lines(report, view.title)
      if (isAnswer(report)) drawn.end()
      if (drawn.isAsking()) screen.clear()
      if (wasAsking && (lines.length > 0 || !drawn.isAsking())) screen.beginLine()
      if (report.type === 'error') sinks.err.write(lines.map((line) => `${line}\n`).join(''))
      else if (lines.length > 0) screen.print(lines)
    },
    close: async () => {
      drawn.end()
      const rest = text.rest()
      if (rest.length > 0) screen.print(rest)
      await Promise.all([sinks.out.flush(), sinks.err.flush()])
    },
  }
}

interface Drawable extends Pick<LiveOptions, 'paint' | 'nowMs' | 'asks'> {
  readonly screen: Screen
}

/** The list, while there is one, and what it shows. */
function createDrawn({ screen, paint, nowMs, asks }: Drawable) {
  let view = emptyView
  let list: HostList | null = null
  /** While an answer can be typed the list is away: it would be drawn over what is typed, or one line too low. */
  const isAsking = (): boolean => asks && view.pause !== null
  const end = (): void => {
    list?.end()
    list = null
    screen.clear()
  }
  const tell = (report: Reported): FleetView => {
    view = nextView(view, report)
    if (report.type === 'started') {
      end()
      list = startList(report.hosts, { screen, paint, nowMs, view: () => view, isAway: isAsking })
    }
    list?.tell(report, view)
    return view
  }
  return { tell, end, isAsking }
}

/** After these the list has nothing more to show. */
function isAnswer({ type }: Reported): boolean {
  return type === 'finished' || type === 'error' || type === 'plan' || type === 'status' || type === 'examined'
}

interface HostList {
  readonly tell: (report: Reported, view: FleetView) => void
  readonly end: () => void
}

interface Drawing {
  readonly screen: Screen
  readonly paint: Paint
  readonly nowMs: () => number
  readonly view: () => FleetView
  readonly isAway: () => boolean
}

/** A listr2 task a host; each lives until the end, and its output is the step that the host is in. */
function startList(hosts: readonly string[], drawing: Drawing): HostList {
  const tasks = new Map<string, ListrTaskWrapper<unknown, typeof FleetRenderer, typeof FleetRenderer>>()
  let finish = () => {}
  const finished = new Promise<void>((resolve) => {
    finish = resolve
  })
  const list = new Listr<unknown, typeof FleetRenderer, typeof FleetRenderer>(
    hosts.map((host) => ({
      title: host,
      task: (_context: unknown, task) => {
        tasks.set(host, task)
        // Tasks begin a moment after the list: what was told meanwhile is caught up with.
        task.output = textOf(drawing.view(), host)
        return finished
      },
    })),
    {
      concurrent: true,
      exitOnError: false,
      // Its own listener would answer Ctrl-C with exit 127, in the middle of a deploy.
      registerSignalListeners: false,
      renderer: FleetRenderer,
      rendererOptions: drawing,
      fallbackRenderer: FleetRenderer,
    },
  )
  void list.run()
  return {
    tell: (report, view) => {
      for (const [host, task] of tasks) if (concerns(report, host)) task.output = textOf(view, host)
    },
    end: finish,
  }
}

function textOf(view: FleetView, host: string): string {
  return view.hosts.find((candidate) => candidate.host === host)?.text ?? ''
}

function concerns(report: Reported, host: string): boolean {
  return (report.type === 'step' && report.hosts.includes(host)) || (report.type === 'waiting' && report.host === host)
}

/** What is read of a listr2 task. */
interface RunningTask {
  readonly title?: string
  readonly output?: string
  isStarted(): boolean
}

/** A class because listr2 asks for one. */
class FleetRenderer {
  static nonTTY = true
  static rendererOptions: Drawing
  static rendererTaskOptions: never
  readonly #tasks: readonly RunningTask[]
  readonly #drawing: Drawing
  #timer: NodeJS.Timeout | undefined

  constructor(tasks: readonly RunningTask[], drawing: Drawing) {
    this.#tasks = tasks
    this.#drawing = drawing
  }

  render(): void {
    // The list alone keeps no process alive.
    this.#timer = setInterval(() => this.#draw(), frameEveryMs).unref()
  }

  end(): void {
    clearInterval(this.#timer)
    this.#drawing.screen.clear()
  }

  #draw(): void {
    const { screen, view, paint, nowMs, isAway } = this.#drawing
    if (isAway()) return
    const options = { nowMs: nowMs(), columns: screen.columns(), rows: screen.rows(), paint }
    screen.draw(frameLines({ ...view(), hosts: this.#hosts(view()) }, options))
  }

  #hosts(view: FleetView): readonly HostView[] {
    const running = new Map(this.#tasks.filter((task) => task.isStarted()).map((task) => [task.title, task]))
    return view.hosts.flatMap((host) => {
      const task = running.get(host.host)
      return task === undefined ? [] : [{ ...host, text: task.output ?? '' }]
    })
  }
}
