/* SPDX-License-Identifier: MIT */
import type { SyntheticEvent } from 'react';

/** Keeps a press on a control within the row from also being a press on the row. */
export const contained = {
  onPointerDown: (event: SyntheticEvent) => event.stopPropagation(),
  onPointerUp: (event: SyntheticEvent) => event.stopPropagation(),
  onMouseDown: (event: SyntheticEvent) => event.stopPropagation(),
  onClick: (event: SyntheticEvent) => event.stopPropagation(),
  onDoubleClick: (event: SyntheticEvent) => event.stopPropagation(),
};
