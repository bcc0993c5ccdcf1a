/* SPDX-License-Identifier: MIT */
import { LoaderCircle } from 'lucide-react';

export function Spinner({ label, size = 18 }: { label: string; size?: number }) {
  return (
    <span role="status" className="inline-flex text-soft">
      <LoaderCircle size={size} aria-hidden className="animate-turn" />
      <span className="sr-only">{label}</span>
    </span>
  );
}
