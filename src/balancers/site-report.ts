/** What looking through the user's site can find, and the words for it. */
import type { Directive } from './nginx-site.ts'
import type { Rendered } from './render.ts'

/** A line that the user's own site file needs, and where. */
export interface MissingLine {
  /** `in the http block, /etc/nginx/nginx.conf:12`. */
  readonly where: string
  readonly text: string
}

/** Something that stands in a file and that the switch would break, or that would break the switch. */
export interface Refusal {
  readonly file: string
  readonly line: number
  /** What stands there. */
  readonly text: string
  /** Why, and what to write instead. */
  readonly hint: string
}

export interface SiteReport {
  readonly missing: readonly MissingLine[]
  readonly refusals: readonly Refusal[]
  /** Neither breaks anything, nor is the same as before. */
  readonly notes: readonly Refusal[]
}

export interface SiteWords {
  readonly upstream: string
  /** As the fleet's configuration names them, `10.0.0.11:4000`. */
  readonly servers: readonly string[]
  readonly rendered: Rendered
  /** Where our two files are, or will be. */
  readonly upstreamsPath: string
  readonly switchPath: string
}

/** A `proxy_pass` to the app, with the blocks around it: http, server, location, … */
export interface Pass {
  readonly directive: Directive
  readonly around: readonly (readonly Directive[])[]
  /** Behind `http://shop`, or behind `http://$zdr_shop`. */
  readonly rest: string
  readonly isSwitched: boolean
  readonly server: Directive | undefined
}

/** nginx inherits such directives all or none: only those of the innermost level that has any. */
export function nearest(around: Pass['around'], name: string): readonly Directive[] {
  const level = around.findLast((block) => block.some((directive) => directive.name === name)) ?? []
  return level.filter((directive) => directive.name === name)
}

export function includes({ name, args }: Directive, path: string): boolean {
  return name === 'include' && args[0] === path
}

export function refusal(directive: Directive, hint: string): Refusal {
  return { file: directive.file, line: directive.line, text: written(directive), hint }
}

export function written({ name, args }: Directive): string {
  return `${[name, ...args].join(' ')};`
}

export function place({ file, line }: Directive): string {
  return `${file}:${line}`
}
