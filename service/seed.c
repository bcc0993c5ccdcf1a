/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "files-private.h"
#include "macro.h"

/* The files of development mode: made like a client's, by somebody without an account, so that they belong to nobody.
 */

static int write_file(BhFiles *files, const char *path, const char *text) {
        const BhUploadOptions options = {.size = strlen(text), .parents = true};
        _cleanup_(bh_entry_clear) BhEntry entry = {};
        char id[BH_UPLOAD_ID_SIZE];

        int fd = bh_files_upload_begin(files, &bh_files_nobody, path, &options, id);
        if (fd == -EEXIST)
                return 0;
        if (fd < 0)
                return fd;
        ssize_t n = write(fd, text, strlen(text));
        int r = n < 0 ? -errno : 0;
        close(fd);
        if (r < 0) {
                (void)bh_files_upload_abort(files, &bh_files_nobody, id);
                return r;
        }
        return bh_files_upload_commit(files, &bh_files_nobody, id, strlen(text), NULL, &entry);
}

int bh_files_seed(BhFiles *files) {
        static const struct {
                const char *path, *text;
        } seeds[] = {
                {"Demo/Documents/welcome.txt", "Welcome to BaluHost!\n\nThis is a development sandbox: the files are "
                                               "real, the disks are simulated.\n"},
                {"Demo/Media/readme.md", "# Media\n\nPut photos, music and videos here.\n"},
                {"Notes.txt",
                 "These notes belong to nobody: everyone may read them, and administrators may change them.\n"},
        };

        int r = bh_files_recover(files);
        if (r < 0)
                return r;
        for (size_t i = 0; i < G_N_ELEMENTS(seeds); i++) {
                r = write_file(files, seeds[i].path, seeds[i].text);
                if (r < 0)
                        return r;
        }
        return 0;
}
