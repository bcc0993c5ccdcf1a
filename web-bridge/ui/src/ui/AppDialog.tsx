/* SPDX-License-Identifier: MIT */
import { X } from 'lucide-react';
import type { ReactNode } from 'react';
import { Dialog } from 'react-aria-components/Dialog';
import { Heading } from 'react-aria-components/Heading';
import { Modal, ModalOverlay } from 'react-aria-components/Modal';
import { IconButton } from './Button';
import { cx } from './cx';

interface AppDialogProps {
  title: string;
  onClose: () => void;
  children: ReactNode;
  wide?: boolean | 'extra';
  /** alertdialog for a question that interrupts */
  role?: 'dialog' | 'alertdialog';
}

/** A modal dialog: the rest of the page is inert, Escape and a press outside close it, and the focus goes back where it was. */
export function AppDialog({ title, onClose, children, wide = false, role = 'dialog' }: AppDialogProps) {
  return (
    <ModalOverlay
      isOpen
      isDismissable={role === 'dialog'}
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
      className="fixed inset-0 z-40 flex animate-fade items-center justify-center bg-scrim p-4 max-sm:items-end max-sm:p-0"
    >
      <Modal
        className={cx(
          'flex max-h-full w-full animate-rise flex-col overflow-hidden rounded-2xl border border-line bg-raised shadow-pop max-sm:rounded-b-none',
          wide === 'extra' ? 'max-w-4xl' : wide ? 'max-w-xl' : 'max-w-md',
        )}
      >
        <Dialog role={role} className="flex min-h-0 flex-col outline-none">
          <div className="flex items-center gap-3 pt-4 pr-3 pb-1 pl-6">
            <Heading slot="title" className="min-w-0 grow text-base font-semibold [overflow-wrap:anywhere]">
              {title}
            </Heading>
            <IconButton label="Close" small onPress={onClose}>
              <X size={16} aria-hidden />
            </IconButton>
          </div>
          <div className="scroll-thin min-h-0 overflow-y-auto px-6 pt-2 pb-6">{children}</div>
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

/** The row of buttons that ends a dialog. */
export function DialogActions({ children }: { children: ReactNode }) {
  return <div className="mt-5 flex flex-wrap justify-end gap-2">{children}</div>;
}
