/* SPDX-License-Identifier: MIT */
import { ChevronRight, Ellipsis, HardDrive, Pencil } from 'lucide-react';
import { type FormEvent, useState } from 'react';
import { Link, useNavigate } from 'react-router';
import { folderHref } from '../../api/files';
import { joinPath, nameOf } from '../../lib/paths';
import { usePhone } from '../../lib/useMediaQuery';
import { MenuButton } from '../../ui/AppMenu';
import { IconButton } from '../../ui/Button';
import { cx } from '../../ui/cx';
import { inputStyle } from '../../ui/Field';
import { placeFocus } from './placeFocus';
import { type DropActions, useFolderDrop } from './useFolderDrop';

interface Crumb {
  path: string;
  name: string;
}

export function crumbsOf(path: string): Crumb[] {
  const crumbs: Crumb[] = [{ path: '', name: 'Files' }];
  let at = '';
  for (const name of path.split('/').filter((part) => part !== '')) {
    at = joinPath(at, name);
    crumbs.push({ path: at, name });
  }
  return crumbs;
}

function CrumbLink({ crumb, from, drops }: { crumb: Crumb; from: string; drops: DropActions }) {
  const { over, props } = useFolderDrop(() => crumb.path, drops);
  // Going up puts the focus on the folder that one comes from.
  const child = nameOf(
    crumb.path === '' ? (from.split('/')[0] ?? '') : (from.slice(crumb.path.length + 1).split('/')[0] ?? ''),
  );
  return (
    <Link
      to={folderHref(crumb.path)}
      onClick={() => placeFocus(crumb.path, child)}
      {...props}
      className={cx(
        'flex max-w-48 items-center gap-2 rounded-lg px-2 py-1 text-soft hover:bg-pressed/60 hover:text-text max-sm:max-w-28',
        over !== null && 'bg-tint text-accent outline-2 outline-accent',
      )}
    >
      {crumb.path === '' && <HardDrive size={16} aria-hidden className="shrink-0" />}
      <span className="truncate">{crumb.name}</span>
    </Link>
  );
}

function PathForm({ path, onDone }: { path: string; onDone: () => void }) {
  const [text, setText] = useState(path);
  const navigate = useNavigate();

  function submit(event: FormEvent): void {
    event.preventDefault();
    const target = text
      .split('/')
      .map((name) => name.trim())
      .filter((name) => name !== '')
      .join('/');
    onDone();
    placeFocus(target);
    void navigate(folderHref(target));
  }

  return (
    <form onSubmit={submit} className="max-w-xl grow">
      <h1 className="sr-only">{path === '' ? 'Files' : nameOf(path)}</h1>
      <input
        aria-label="Path of the folder"
        className={inputStyle}
        autoFocus
        spellCheck={false}
        autoComplete="off"
        placeholder="Photos/2025"
        value={text}
        onFocus={(event) => event.target.select()}
        onChange={(event) => setText(event.target.value)}
        onBlur={onDone}
        onKeyDown={(event) => {
          if (event.key === 'Escape') onDone();
        }}
      />
    </form>
  );
}

/** Where one is: each folder above is a link and takes drops; the path can be typed too. */
export function Breadcrumbs({ path, drops }: { path: string; drops: DropActions }) {
  const [editing, setEditing] = useState(false);
  const navigate = useNavigate();
  const phone = usePhone();
  if (editing) return <PathForm path={path} onDone={() => setEditing(false)} />;

  const crumbs = crumbsOf(path);
  const above = crumbs.slice(0, -1);
  const current = crumbs.at(-1) as Crumb;
  const shown = phone ? 1 : 3;
  const hidden = above.length > shown ? above.slice(phone ? 0 : 1, above.length - (phone ? 1 : 2)) : [];
  const visible = above.filter((crumb) => !hidden.includes(crumb));
  const separator = <ChevronRight size={15} aria-hidden className="shrink-0 text-soft" />;

  return (
    <nav aria-label="Folder" className="group/crumbs flex min-w-0 grow items-center text-[0.95rem]">
      <ol className="-ml-2 flex min-w-0 items-center gap-0.5">
        {visible.map((crumb, index) => (
          <li key={crumb.path} className="flex min-w-0 shrink items-center gap-0.5">
            {hidden.length > 0 && index === (phone ? 0 : 1) && (
              <>
                <MenuButton
                  label="Folders between"
                  commands={hidden.map((one) => ({
                    id: `crumb-${one.path}`,
                    label: one.name,
                    run: () => {
                      placeFocus(one.path);
                      void navigate(folderHref(one.path));
                    },
                  }))}
                >
                  <IconButton small label="Folders between">
                    <Ellipsis size={16} aria-hidden />
                  </IconButton>
                </MenuButton>
                {separator}
              </>
            )}
            <CrumbLink crumb={crumb} from={path} drops={drops} />
            {separator}
          </li>
        ))}
        <li className="flex min-w-0 items-center">
          <h1 aria-current="page" className="flex min-w-0 items-center gap-2 px-2 py-1 font-semibold">
            {current.path === '' && <HardDrive size={16} aria-hidden className="shrink-0 text-soft" />}
            <span className="truncate">{current.name}</span>
          </h1>
        </li>
      </ol>
      <IconButton
        small
        label="Type a path"
        className="opacity-0 group-hover/crumbs:opacity-100 focus-visible:opacity-100 pointer-coarse:opacity-100"
        onPress={() => setEditing(true)}
      >
        <Pencil size={13} aria-hidden />
      </IconButton>
    </nav>
  );
}
