/* SPDX-License-Identifier: MIT */
import { Eye, EyeOff } from 'lucide-react';
import { useId, useState } from 'react';
import { cx } from '../../ui/cx';
import { inputStyle } from '../../ui/Field';

interface PasswordFieldProps {
  label: string;
  name: string;
  autoComplete: 'current-password' | 'new-password';
  value: string;
  onChange: (value: string) => void;
  hint?: string;
  error?: string | null;
  required?: boolean;
  autoFocus?: boolean;
}

/** A password input that can show what was typed. */
export function PasswordField({ label, hint, error, value, onChange, ...input }: PasswordFieldProps) {
  const id = useId();
  const [shown, setShown] = useState(false);
  const Icon = shown ? EyeOff : Eye;
  return (
    <div className="flex flex-col gap-1.5">
      <label htmlFor={id} className="text-sm font-medium">
        {label}
      </label>
      <div className="relative">
        <input
          {...input}
          id={id}
          type={shown ? 'text' : 'password'}
          className={cx(inputStyle, 'pr-10')}
          maxLength={1024}
          spellCheck={false}
          autoCapitalize="none"
          value={value}
          onChange={(event) => onChange(event.target.value)}
          aria-invalid={error ? true : undefined}
          aria-describedby={error || hint ? `${id}-more` : undefined}
        />
        <button
          type="button"
          aria-label="Show password"
          aria-pressed={shown}
          title={shown ? 'Hide password' : 'Show password'}
          className="absolute inset-y-0 right-0 grid w-10 place-items-center rounded-lg text-soft hover:text-text focus-inset"
          onClick={() => setShown(!shown)}
        >
          <Icon size={16} aria-hidden />
        </button>
      </div>
      {(error || hint) && (
        <p id={`${id}-more`} className={cx('text-xs', error ? 'text-danger' : 'text-soft')}>
          {error ?? hint}
        </p>
      )}
    </div>
  );
}
