/* SPDX-License-Identifier: MIT */
import { X } from 'lucide-react';
import { formatBytes, formatExactBytes, plural } from '../../lib/format';
import type { Command } from '../../ui/AppMenu';
import { Button, IconButton } from '../../ui/Button';

interface BulkBarProps {
  count: number;
  /** bytes of the files among them; null when there are none */
  bytes: number | null;
  commands: readonly Command[];
  onClear: () => void;
}

/** What can be done with everything that is selected. */
export function BulkBar({ count, bytes, commands, onClear }: BulkBarProps) {
  return (
    <div
      role="toolbar"
      aria-label="Selection"
      className="flex h-9 min-w-0 shrink-0 animate-fade items-center gap-1 rounded-lg bg-tint px-1 text-sm max-sm:h-10 max-sm:w-full"
    >
      <IconButton small label="Clear the selection" onPress={onClear}>
        <X size={15} aria-hidden />
      </IconButton>
      <span className="mr-3 truncate px-1 font-medium tabular-nums max-sm:mr-auto">
        {plural(count, 'selected', 'selected')}
        {bytes !== null && (
          <span className="font-normal text-soft" title={formatExactBytes(bytes)}>
            {' · '}
            {formatBytes(bytes)}
          </span>
        )}
      </span>
      {commands.map((command) => (
        <Button
          key={command.id}
          small
          kind={command.danger ? 'quiet-danger' : 'quiet-strong'}
          aria-label={command.label}
          isDisabled={command.disabled === true}
          onPress={command.run}
        >
          {command.icon && <command.icon size={15} aria-hidden />}
          <span className="max-xl:hidden">{command.label.replace('…', '')}</span>
        </Button>
      ))}
    </div>
  );
}
