/* SPDX-License-Identifier: MIT */
import './styles.css';
import './lib/theme';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { watchConnection } from './api/connection';
import { App } from './app/App';

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no #root');
watchConnection();
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
