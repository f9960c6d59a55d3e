/** Where everything lies on a host. */

export interface Layout {
  readonly base: string
  /** One folder a release, named by its id. */
  readonly releases: string
  /** The link to the release that is activated. */
  readonly current: string
  /** The work tree of `pm2 deploy`, where it set the host up. */
  readonly source: string
  /** What outlives releases: `$SHARED` for the user's commands. */
  readonly shared: string
  /** Where `pm2 deploy` writes what it deployed, a SHA a line. */
  readonly deploys: string
  /** Ours, mode 0700. */
  readonly zdr: string
  /** A bare mirror of the repository. */
  readonly mirror: string
  /** One JSON file a release: what it is, and the commands and environment that it is activated with. */
  readonly manifests: string
  /** One JSON line for each release that every host was verified on. */
  readonly history: string
  /** One JSON line for each beginning and end of a migration. */
  readonly migrations: string
  /** One JSON line for each thing that a deploy did here. */
  readonly journal: string
  /** What was brought from `source` to `shared`, and how, a line each. There: the host was taken over. */
  readonly taken: string
  readonly lock: string
  /** What a deploy that waits for a yes says of itself, and what it is told. */
  readonly pause: string
  readonly answer: string
}

/** All paths below `base`, which is absolute (the probe expands `~`). */
export function layout(base: string): Layout {
  const root = base.replace(/\/+$/, '')
  const zdr = `${root}/.zdr`
  return {
    base: root,
    releases: `${root}/releases`,
    current: `${root}/current`,
    source: `${root}/source`,
    shared: `${root}/shared`,
    deploys: `${root}/.deploys`,
    zdr,
    mirror: `${zdr}/mirror.git`,
    manifests: `${zdr}/releases`,
    history: `${zdr}/history.jsonl`,
    migrations: `${zdr}/migrations.jsonl`,
    journal: `${zdr}/journal.jsonl`,
    taken: `${zdr}/taken`,
    lock: `${zdr}/lock`,
    pause: `${zdr}/pause.json`,
    answer: `${zdr}/answer.json`,
  }
}
