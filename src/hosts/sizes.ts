/** What each release takes on the disk. Walking through some 100,000 files takes a while, so it is done once for each, and kept. */
import type { Layout } from './layout.ts'
import { releasePattern } from './release.ts'
import { quote } from './shell.ts'

export interface ReleaseSize {
  readonly release: string
  /** As `du` says. What is a hard link to the mirror's is left out; a copy that shares its blocks (reflink) counts in full. */
  readonly bytes: number
  /** Files, folders and links. */
  readonly inodes: number
}

const mark = 'zdr-size'

/**
 * Prints each release's size. One that was prepared to its end is measured once, and its size kept beside its manifest;
 * where there is no room even for that, it is measured again the next time.
 */
export function measureScript(layout: Layout): string {
  return `set -u
export LC_ALL=C
releases=${quote(layout.releases)} manifests=${quote(layout.manifests)} mirror=${quote(layout.mirror)}
for folder in "$releases"/${releasePattern}; do
  [ -d "$folder" ] || continue
  id=\${folder##*/}
  file=$manifests/$id.size
  if [ -s "$file" ]; then size=$(cat "$file")
  else
    # What was counted in the first folder is not counted again in the second.
    size="$(du -sk "$mirror" "$folder" 2>/dev/null | tail -n 1 | cut -f 1) $(find "$folder" 2>/dev/null | wc -l)"
    if [ -f "$manifests/$id.json" ]; then
      { printf '%s\\n' "$size" > "$file.new" && mv -f "$file.new" "$file"; } 2>/dev/null || rm -f "$file.new"
    fi
  fi
  printf '${mark}\\t%s\\t%s\\n' "$id" "$size"
done
`
}

/** What could not be measured is left out. */
export function parseSizes(stdout: string): readonly ReleaseSize[] {
  return stdout.split('\n').flatMap((line) => {
    const [head, release = '', size = ''] = line.split('\t')
    const found = /^(\d+) +(\d+)$/.exec(size)
    if (head !== mark || found === null) return []
    return [{ release, bytes: Number(found[1]) * 1024, inodes: Number(found[2]) }]
  })
}
