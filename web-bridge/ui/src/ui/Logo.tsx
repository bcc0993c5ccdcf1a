/* SPDX-License-Identifier: MIT */

export function Logo({ size = 28 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" fill="#3157d5" />
      <rect x="7" y="8" width="18" height="7" rx="2" fill="#fff" />
      <rect x="7" y="17" width="18" height="7" rx="2" fill="#fff" fillOpacity=".7" />
      <circle cx="11" cy="11.5" r="1.5" fill="#3157d5" />
      <circle cx="11" cy="20.5" r="1.5" fill="#3157d5" />
    </svg>
  );
}
