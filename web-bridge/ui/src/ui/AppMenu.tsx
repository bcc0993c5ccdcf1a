/* SPDX-License-Identifier: MIT */
import type { LucideIcon } from 'lucide-react';
import { type ReactNode, useRef } from 'react';
import { Menu, MenuItem, MenuTrigger } from 'react-aria-components/Menu';
import { Popover } from 'react-aria-components/Popover';
import { Separator } from 'react-aria-components/Separator';
import { cx } from './cx';

export interface Command {
  id: string;
  label: string;
  icon?: LucideIcon;
  /** shown at the right; the key itself is handled by the page */
  keys?: string;
  danger?: boolean;
  disabled?: boolean;
  run: () => void;
}

/** Commands in order; null is a line between groups. */
export type Commands = readonly (Command | null)[];

/* What does not fit is scrolled to; nothing of it may lie beneath the pointer that has just opened the menu. */
const panel = 'min-w-52 animate-rise overflow-hidden rounded-xl border border-line bg-raised shadow-pop outline-none';

interface CommandListProps {
  commands: Commands;
  label: string;
  onClose?: () => void;
  autoFocus?: boolean;
}

function CommandList({ commands, label, onClose, autoFocus = false }: CommandListProps) {
  return (
    <Menu
      aria-label={label}
      {...(onClose ? { onClose } : {})}
      {...(autoFocus ? { autoFocus: 'first' as const } : {})}
      className="scroll-thin max-h-[inherit] overflow-y-auto p-1.5 outline-none"
    >
      {commands.map((command, index) =>
        command === null ? (
          <Separator key={`line-${index}`} className="mx-2 my-1.5 border-t border-line" />
        ) : (
          <MenuItem
            key={command.id}
            id={command.id}
            textValue={command.label}
            isDisabled={command.disabled === true}
            onAction={command.run}
            className={cx(
              'flex h-8 items-center gap-2.5 rounded-lg px-2.5 text-sm max-sm:h-10 focus-inset',
              'data-focused:bg-hover data-pressed:bg-pressed data-disabled:opacity-45',
              command.danger && 'text-danger',
            )}
          >
            {command.icon && <command.icon size={16} aria-hidden className={command.danger ? '' : 'text-soft'} />}
            <span className="grow">{command.label}</span>
            {command.keys && <kbd className="pl-4 font-sans text-2xs text-soft">{command.keys}</kbd>}
          </MenuItem>
        ),
      )}
    </Menu>
  );
}

/** A button (the child) that opens a menu of commands. */
export function MenuButton({ children, commands, label }: { children: ReactNode; commands: Commands; label: string }) {
  return (
    <MenuTrigger>
      {children}
      <Popover className={panel} offset={6}>
        <CommandList commands={commands} label={label} />
      </Popover>
    </MenuTrigger>
  );
}

export interface MenuPosition {
  x: number;
  y: number;
}

interface ContextMenuProps {
  at: MenuPosition | null;
  commands: Commands;
  label: string;
  onClose: () => void;
}

/** The same menu, where the pointer or the focused row is. */
export function ContextMenu({ at, commands, label, onClose }: ContextMenuProps) {
  const anchor = useRef<HTMLDivElement>(null);
  return (
    <>
      <div
        ref={anchor}
        aria-hidden
        className="pointer-events-none fixed size-0"
        style={at ? { left: at.x, top: at.y } : undefined}
      />
      {at && (
        <Popover
          key={`${at.x} ${at.y}`}
          isOpen
          aria-label={label}
          onOpenChange={(open) => {
            if (!open) onClose();
          }}
          triggerRef={anchor}
          placement="bottom start"
          offset={2}
          className={panel}
        >
          <CommandList commands={commands} label={label} onClose={onClose} autoFocus />
        </Popover>
      )}
    </>
  );
}
