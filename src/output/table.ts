/** Columns of text for a terminal. */
import { columnsOf } from './paint.ts'

/** A cell, and how it is drawn once it has its width: colours take no columns. */
export interface Cell {
  readonly text: string
  readonly draw?: (padded: string) => string
}

const gap = '  '

/** Rows with every column as wide as its widest cell; no blanks at the end of a line. */
export function alignedLines(rows: readonly (readonly Cell[])[]): readonly string[] {
  const widths = columnWidths(rows)
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const isLast = column === row.length - 1
        const width = isLast ? 0 : (widths[column] ?? 0)
        const padded = cell.text + ' '.repeat(Math.max(0, width - columnsOf(cell.text)))
        return cell.draw === undefined ? padded : cell.draw(padded)
      })
      .join(gap),
  )
}

/** Terminal columns that the rows take when aligned. */
export function tableWidth(rows: readonly (readonly Cell[])[]): number {
  const widths = columnWidths(rows)
  return widths.reduce((sum, width) => sum + width, gap.length * Math.max(0, widths.length - 1))
}

function columnWidths(rows: readonly (readonly Cell[])[]): readonly number[] {
  const columns = Math.max(0, ...rows.map((row) => row.length))
  return Array.from({ length: columns }, (_, column) =>
    Math.max(0, ...rows.map((row) => columnsOf(row[column]?.text ?? ''))),
  )
}
