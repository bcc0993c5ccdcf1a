/* SPDX-License-Identifier: MIT */
/// <reference types="vite/client" />
import 'react';

declare module 'react' {
  interface InputHTMLAttributes<T> {
    /** lets choose a folder instead of files */
    webkitdirectory?: string | undefined;
  }
}
