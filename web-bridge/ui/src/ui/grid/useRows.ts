/* SPDX-License-Identifier: MIT */
import { type RefObject, useLayoutEffect, useState } from 'react';

/** Rows drawn beyond the visible ones, so that a quick scroll does not show a gap. */
const OVERSCAN = 10;

export interface RowRange {
  first: number;
  /** one past the last */
  end: number;
}

export function rowRange(scrollTop: number, height: number, rowHeight: number, count: number): RowRange {
  const first = Math.max(0, Math.floor(scrollTop / rowHeight) - OVERSCAN);
  return { first, end: Math.min(count, Math.ceil((scrollTop + height) / rowHeight) + OVERSCAN) };
}

/** Which of `count` rows of the same height are (nearly) in sight of the scrolling element. */
export function useRows(scroller: RefObject<HTMLElement | null>, count: number, rowHeight: number): RowRange {
  const [view, setView] = useState({ top: 0, height: 800 });

  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return;
    let frame = 0;
    const measure = () => {
      frame = 0;
      // In steps of a few rows: the range has slack for them, and most scroll events then draw nothing.
      const step = rowHeight * 4;
      const top = Math.floor(element.scrollTop / step) * step;
      const height = element.clientHeight + step;
      setView((before) => (before.top === top && before.height === height ? before : { top, height }));
    };
    const later = () => {
      if (frame === 0) frame = requestAnimationFrame(measure);
    };
    measure();
    element.addEventListener('scroll', later, { passive: true });
    const observer = new ResizeObserver(later);
    observer.observe(element);
    return () => {
      cancelAnimationFrame(frame);
      element.removeEventListener('scroll', later);
      observer.disconnect();
    };
  }, [scroller, rowHeight]);

  return rowRange(view.top, view.height, rowHeight, count);
}
