/* SPDX-License-Identifier: MIT */
import { Compass } from 'lucide-react';
import { useEffect } from 'react';
import { Link } from 'react-router';
import { buttonStyle } from '../ui/buttonStyle';
import { EmptyState } from '../ui/EmptyState';

export function NotFoundPage() {
  useEffect(() => {
    document.title = 'Not found · BaluHost';
  }, []);
  return (
    <div className="grid grow place-items-center">
      <h1 className="sr-only">Page not found</h1>
      <EmptyState
        icon={Compass}
        title="There is no such page"
        actions={
          <Link to="/files" className={buttonStyle('primary')}>
            Go to the files
          </Link>
        }
      >
        The address may be mistyped, or it is one that your account cannot see.
      </EmptyState>
    </div>
  );
}
