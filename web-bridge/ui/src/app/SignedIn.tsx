/* SPDX-License-Identifier: MIT */
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { lazy, Suspense, useEffect, useState } from 'react';
import { BrowserRouter, Navigate, Route, Routes } from 'react-router';
import { ApiError } from '../api/client';
import { connection } from '../api/connection';
import type { User } from '../api/types';
import { forgetUndo } from '../lib/undo';
import { uploads } from '../uploads/index';
import { ErrorBoundary } from './ErrorBoundary';
import { NotFoundPage } from './NotFoundPage';
import { PageSkeleton } from './PageSkeleton';
import { Shell } from './Shell';
import { useLiveUpdates } from './useLiveUpdates';

const FilesPage = lazy(() => import('../pages/files/FilesPage'));
const StoragePage = lazy(() => import('../pages/storage/StoragePage'));
const TrashPage = lazy(() => import('../pages/trash/TrashPage'));
const UsersPage = lazy(() => import('../pages/users/UsersPage'));

function newQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 2_000,
        // A refusal stays one; a lost connection is watched elsewhere, and everything asks again when it is back.
        retry: (failures, error) => failures < 2 && !(error instanceof ApiError),
      },
      mutations: { retry: false },
    },
  });
}

/** Everything that only somebody signed in gets to see. It is made anew for each account. */
export default function SignedIn({ user }: { user: User }) {
  const [client] = useState(newQueryClient);
  useLiveUpdates(client);

  useEffect(
    () =>
      connection.subscribe(() => {
        if (connection.get() === 'ok') void client.invalidateQueries();
      }),
    [client],
  );
  useEffect(
    () => () => {
      uploads.reset();
      forgetUndo();
    },
    [],
  );

  return (
    <QueryClientProvider client={client}>
      <BrowserRouter>
        <Shell user={user}>
          <ErrorBoundary>
            <Suspense fallback={<PageSkeleton />}>
              <Routes>
                <Route index element={<Navigate to="/files" replace />} />
                <Route path="/files/*" element={<FilesPage />} />
                <Route path="/storage" element={<StoragePage user={user} />} />
                <Route path="/trash" element={<TrashPage user={user} />} />
                {user.role === 'admin' && <Route path="/users" element={<UsersPage user={user} />} />}
                <Route path="*" element={<NotFoundPage />} />
              </Routes>
            </Suspense>
          </ErrorBoundary>
        </Shell>
      </BrowserRouter>
    </QueryClientProvider>
  );
}
