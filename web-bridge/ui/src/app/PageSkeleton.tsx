/* SPDX-License-Identifier: MIT */

/** Rows to be, while their page or their content is on its way. */
export function RowsSkeleton({ rows = 8, rowHeight = 36 }: { rows?: number; rowHeight?: number }) {
  return (
    <div role="status" className="animate-pulse-soft px-2">
      <span className="sr-only">Loading…</span>
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} className="flex items-center gap-3 px-2" style={{ height: rowHeight }}>
          <span className="size-5 rounded-md bg-pressed" />
          <span className="h-3 rounded bg-pressed" style={{ width: `${22 + ((row * 37) % 40)}%` }} />
          <span className="ml-auto h-3 w-16 rounded bg-pressed max-sm:hidden" />
        </div>
      ))}
    </div>
  );
}

export function PageSkeleton() {
  return (
    <div className="flex grow flex-col gap-4 p-6 max-sm:p-4">
      <span className="h-7 w-40 animate-pulse-soft rounded-lg bg-pressed" />
      <div className="grow rounded-2xl border border-line bg-surface py-3">
        <RowsSkeleton />
      </div>
    </div>
  );
}
