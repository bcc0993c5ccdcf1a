/* SPDX-License-Identifier: MIT */
import type { ReactNode } from 'react';
import { Button as AriaButton, type ButtonProps as AriaButtonProps } from 'react-aria-components/Button';
import { type ButtonKind, buttonStyle } from './buttonStyle';
import { cx } from './cx';

export interface ButtonProps extends Omit<AriaButtonProps, 'className' | 'children'> {
  kind?: ButtonKind;
  small?: boolean;
  className?: string;
  children: ReactNode;
}

export function Button({ kind = 'plain', small = false, className, ...props }: ButtonProps) {
  return <AriaButton {...props} className={cx(buttonStyle(kind, false, small), className)} />;
}

export interface IconButtonProps extends ButtonProps {
  /** what it does, for assistive technology and as tooltip */
  label: string;
}

/** A button that shows only an icon; its label is read out and shown on hover. */
export function IconButton({ kind = 'quiet', small = false, label, className, children, ...props }: IconButtonProps) {
  return (
    <AriaButton
      {...props}
      aria-label={label}
      render={(dom) => <button {...(dom as React.ComponentProps<'button'>)} title={label} />}
      className={cx(buttonStyle(kind, true, small), 'shrink-0', className)}
    >
      {children}
    </AriaButton>
  );
}
