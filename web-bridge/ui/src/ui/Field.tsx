/* SPDX-License-Identifier: MIT */
import { type ComponentProps, type ReactNode, useId } from 'react';
import { cx } from './cx';

/** without a width */
export const inputBase =
  'h-9 max-sm:h-10 px-3 rounded-lg bg-surface text-text border border-line-strong/80 placeholder:text-soft text-sm max-sm:text-base aria-invalid:border-danger focus-visible:outline-offset-0 disabled:opacity-60';

export const inputStyle = `w-full ${inputBase}`;

interface FrameProps {
  label: string;
  hint?: ReactNode;
  error?: string | null | undefined;
}

export interface TextFieldProps extends FrameProps, Omit<ComponentProps<'input'>, 'id' | 'className'> {}

/** A labelled text input with an optional hint and an error that is read out with it. */
export function TextField({ label, hint, error, ...input }: TextFieldProps) {
  const id = useId();
  return (
    <div className="flex flex-col gap-1.5">
      <label htmlFor={id} className="text-sm font-medium">
        {label}
      </label>
      <input
        {...input}
        id={id}
        className={inputStyle}
        aria-invalid={error ? true : undefined}
        aria-describedby={error || hint ? `${id}-more` : undefined}
      />
      {(error || hint) && (
        <p id={`${id}-more`} className={cx('text-xs', error ? 'text-danger' : 'text-soft')}>
          {error ?? hint}
        </p>
      )}
    </div>
  );
}

export interface SelectFieldProps extends FrameProps, Omit<ComponentProps<'select'>, 'id' | 'className'> {
  options: readonly { value: string; label: string }[];
}

export function SelectField({ label, hint, error, options, ...select }: SelectFieldProps) {
  const id = useId();
  return (
    <div className="flex flex-col gap-1.5">
      <label htmlFor={id} className="text-sm font-medium">
        {label}
      </label>
      <select {...select} id={id} className={inputStyle} aria-describedby={error || hint ? `${id}-more` : undefined}>
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
      {(error || hint) && (
        <p id={`${id}-more`} className={cx('text-xs', error ? 'text-danger' : 'text-soft')}>
          {error ?? hint}
        </p>
      )}
    </div>
  );
}
