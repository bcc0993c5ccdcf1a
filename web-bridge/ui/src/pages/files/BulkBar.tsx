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
      className="flex min-w-0 items-center gap-1 rounded-xl bg-tint py-1 pr-1.5 pl-1 text-sm"
    >
      <IconButton small label="Clear the selection" onPress={onClear}>
        <X size={15} aria-hidden />
      </IconButton>
      <span className="mr-auto truncate px-1 font-medium tabular-nums">
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
          kind="quiet"
          aria-label={command.label}
          isDisabled={command.disabled === true}
          onPress={command.run}
          className={command.danger ? 'text-danger' : 'text-text'}
        >
          {command.icon && <command.icon size={15} aria-hidden />}
          <span className="max-lg:hidden">{command.label.replace('…', '')}</span>
        </Button>
      ))}
    </div>
  );
}
