/** For a person at a terminal: a list that shows what happens now, driven by listr2; then the end, printed. */
import { Listr, type ListrTaskWrapper } from 'listr2'
import type { Output, Reported } from '../rollout/report.ts'
import { createBlocks } from './blocks.ts'
import { emptyView, type FleetView, frameLines, type HostView, nextView } from './frame.ts'
import type { Paint } from './paint.ts'
import { createPlainText } from './plain.ts'
import { createScreen, type Screen } from './screen.ts'
import { createSink, type OutputStream } from './sink.ts'

export interface LiveOptions {
  readonly out: OutputStream
  readonly err: OutputStream
  readonly paint: Paint
  readonly nowMs: () => number
}

/** Draws at most so often. listr2's own renderer draws at every event, and takes the event loop with it. */
const frameEveryMs = 100

export function createLive({ out, err, paint, nowMs }: LiveOptions): Output {
  const sinks = { out: createSink(out), err: createSink(err) }
  const screen = createScreen(sinks.out, out)
  const blocks = createBlocks(() => ({ paint, columns: screen.columns() }))
  const sayings = createPlainText({ paint, verbose: false, stamps: false })
  let view = emptyView
  let list: HostList | null = null

  const endList = () => {
    list?.end()
    list = null
    screen.clear()
  }
  const print = (lines: readonly string[]) => {
    if (lines.length > 0) screen.print(lines)
  }

  return {
    show: (report) => {
      view = nextView(view, report)
      if (report.type === 'started') {
        endList()
        list = startList(report.hosts, { screen, paint, nowMs, view: () => view })
      }
      list?.tell(report, view)
      const lines = [...blocks.take(report), ...(staysOnScreen(report) ? sayings.lines(report) : [])]
      if (isAnswer(report)) endList()
      if (report.type === 'error') sinks.err.write(lines.map((line) => `${line}\n`).join(''))
      else print(lines)
    },
    close: async () => {
      endList()
      print(blocks.rest())
      await Promise.all([sinks.out.flush(), sinks.err.flush()])
    },
  }
}

/** What is told in lines that stay above the list; all else is seen in the list. */
function staysOnScreen(report: Reported): boolean {
  return report.type === 'note' || report.type === 'resolved'
}

/** After these the list has nothing more to show. */
function isAnswer({ type }: Reported): boolean {
  return type === 'finished' || type === 'error' || type === 'plan' || type === 'status'
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
    const { screen, view, paint, nowMs } = this.#drawing
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
