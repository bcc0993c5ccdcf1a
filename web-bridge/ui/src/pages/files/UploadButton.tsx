/* SPDX-License-Identifier: MIT */
import { FilePlus2, FolderUp, Upload } from 'lucide-react';
import { useRef } from 'react';
import { MenuButton } from '../../ui/AppMenu';
import { Button } from '../../ui/Button';
import { collectInput } from '../../uploads/collect';
import { uploads } from '../../uploads/index';

/** Lets choose files, or a whole folder, to upload into `target`. */
export function UploadButton({ target, disabled }: { target: string; disabled: boolean }) {
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  const take = (input: HTMLInputElement) => {
    if (input.files) uploads.add(target, collectInput(input.files));
    input.value = '';
  };
  return (
    <>
      <input
        ref={files}
        type="file"
        multiple
        hidden
        data-testid="choose-files"
        onChange={(event) => take(event.currentTarget)}
      />
      <input
        ref={folder}
        type="file"
        hidden
        data-testid="choose-folder"
        webkitdirectory=""
        onChange={(event) => take(event.currentTarget)}
      />
      <MenuButton
        label="Upload"
        commands={[
          { id: 'upload-files', label: 'Upload files…', icon: FilePlus2, run: () => files.current?.click() },
          { id: 'upload-folder', label: 'Upload a folder…', icon: FolderUp, run: () => folder.current?.click() },
        ]}
      >
        <Button kind="primary" isDisabled={disabled} aria-label="Upload">
          <Upload size={16} aria-hidden />
          <span className="max-sm:hidden">Upload</span>
        </Button>
      </MenuButton>
    </>
  );
}
