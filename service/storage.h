/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* The directory of a storage root, and the reserved directory in it. */

#define BH_STORAGE_ID_SIZE 33 /* 128 random bits as hexadecimal, with NUL */

typedef struct BhStorage {
        int root_fd, reserved_fd, staging_fd, trash_fd;
} BhStorage;

#define BH_STORAGE_INIT ((BhStorage){.root_fd = -1, .reserved_fd = -1, .staging_fd = -1, .trash_fd = -1})

/* The mark of a pool's filesystem, in the reserved directory. Without it nothing is written: where a pool is not mounted
 * there is an empty directory of another filesystem. */
#define BH_STORAGE_MARK_SIZE 65 /* 1 to 64 letters, digits and "-", with NUL */
typedef struct BhStorageMark {
        const char *id;  /* what it must be */
        bool initialise; /* writes it when there is none */
} BhStorageMark;

/* Whether it can be one. */
bool bh_storage_is_mark(const char *id);

/* Opens and checks the storage, creates the reserved directory, and locks it against a second service. mark may be
 * NULL: none is needed. *reason is a sentence on failure; free with g_free(). ret must be BH_STORAGE_INIT. Errors: see
 * bh_files_open() and bh_files_attach(). Blocks. */
int bh_storage_open(BhStorage *ret, const char *root, const BhStorageMark *mark, char **reason);

void bh_storage_close(BhStorage *storage);

/* Random name for staging and trash. */
void bh_storage_make_id(char id[static BH_STORAGE_ID_SIZE]);

/* Whether it looks like one. */
bool bh_storage_is_id(const char *id);

/* Bytes of the filesystem, and those that the service may still write. Errors: those of fstatvfs(3). Blocks. */
int bh_storage_get_space(const BhStorage *storage, uint64_t *ret_size, uint64_t *ret_available);

/* renameat2(2); a kernel's -EXDEV, between subvolumes, becomes -EOPNOTSUPP because here -EXDEV means an escape. Errors:
 * those of renameat2(2). */
int bh_storage_rename(int source_fd, const char *source_name, int target_fd, const char *target_name, unsigned flags);

/* New directory with mode 0770 and, if its parent has it, the set-group-id bit; and with that owner's mark. Returns a
 * descriptor to read it. Errors: those of mkdirat(2) and setxattr(2); nothing is left behind then. */
int bh_storage_make_directory(int parent_fd, const char *name, const char *owner);

/* Removes all that is in staging. What cannot be removed is logged and left. Blocks. */
void bh_storage_empty_staging(const BhStorage *storage);

/* Reads the small file name of the reserved directory (at most BH_STORAGE_ID_SIZE - 1 bytes) into text; "" when it is
 * missing. */
int bh_storage_read_token(const BhStorage *storage, const char *name, char text[static BH_STORAGE_ID_SIZE]);

/* Replaces it durably; removes it when text is "". Errors: those of the system calls. Blocks. */
int bh_storage_write_token(const BhStorage *storage, const char *name, const char *text);
