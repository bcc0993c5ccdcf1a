/* SPDX-License-Identifier: MIT */
#include "trash-record.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "log.h"
#include "macro.h"
#include "owner.h"
#include "path.h"
#include "tree.h"

#define INFO "info"
#define INFO_SIZE_MAX (64 * 1024)
#define GROUP "trash"
#define SIZE_ATTRIBUTE "user.baluhost.size"

static const BhCaller anybody = {.role = BH_ROLE_ADMIN};

void bh_trash_record_clear(BhTrashRecord *record) {
        bh_closep(&record->fd);
        bh_node_clear(&record->content);
        g_free(record->path);
        *record = BH_TRASH_RECORD_INIT;
}

static int write_info(const BhTrashRecord *record) {
        g_autoptr(GKeyFile) info = g_key_file_new();
        size_t size = 0;

        g_key_file_set_string(info, GROUP, "path", record->path);
        g_key_file_set_int64(info, GROUP, "deleted-usec", record->deleted_usec);
        g_key_file_set_string(info, GROUP, "deleted-by", record->deleted_by);
        g_autofree char *text = g_key_file_to_data(info, &size, NULL);

        _cleanup_(bh_closep) int fd =
                openat(record->fd, INFO, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0)
                return -errno;
        ssize_t written = write(fd, text, size);
        if (written < 0)
                return -errno;
        if ((size_t)written != size)
                return -ENOSPC;
        return fsync(fd) < 0 || fsync(record->fd) < 0 ? -errno : 0;
}

int bh_trash_record_create(const BhStorage *storage, const char *path, const char *deleted_by, BhTrashRecord *ret) {
        BhTrashRecord record = BH_TRASH_RECORD_INIT;
        int r;

        bh_storage_make_id(record.id);
        record.fd = bh_storage_make_directory(storage->trash_fd, record.id, "");
        if (record.fd < 0)
                return record.fd;
        record.path = g_strdup(path);
        record.deleted_usec = g_get_real_time();
        g_strlcpy(record.deleted_by, deleted_by, sizeof(record.deleted_by));
        r = write_info(&record);
        if (r < 0) {
                (void)bh_trash_record_remove(storage, &record);
                bh_trash_record_clear(&record);
                return r;
        }
        *ret = record;
        return 0;
}

static int read_text(int directory_fd, const char *name, char **ret) {
        g_autofree char *text = g_malloc(INFO_SIZE_MAX + 1);
        size_t size = 0;

        _cleanup_(bh_closep) int fd = bh_path_open_at(directory_fd, name, O_RDONLY | O_NONBLOCK);
        if (fd < 0)
                return fd;
        while (size < INFO_SIZE_MAX) {
                ssize_t n = read(fd, text + size, INFO_SIZE_MAX - size);
                if (n < 0)
                        return -errno;
                if (n == 0)
                        break;
                size += (size_t)n;
        }
        text[size] = '\0';
        *ret = g_steal_pointer(&text);
        return 0;
}

static bool parse_info(BhTrashRecord *record, const char *text) {
        g_autoptr(GKeyFile) info = g_key_file_new();
        BhPath path = {};

        if (!g_key_file_load_from_data(info, text, strlen(text), G_KEY_FILE_NONE, NULL))
                return false;
        g_autofree char *path_text = g_key_file_get_string(info, GROUP, "path", NULL);
        g_autofree char *deleted_by = g_key_file_get_string(info, GROUP, "deleted-by", NULL);
        int64_t deleted_usec = g_key_file_get_int64(info, GROUP, "deleted-usec", NULL);
        if (!path_text || !deleted_by || deleted_usec <= 0 || bh_path_parse(&path, path_text) < 0)
                return false;
        bool is_fit = path.depth > 0 && !path.reserved;
        bh_path_clear(&path);
        if (!is_fit)
                return false;
        record->path = g_steal_pointer(&path_text);
        record->deleted_usec = deleted_usec;
        g_strlcpy(record->deleted_by, deleted_by, sizeof(record->deleted_by));
        return true;
}

/* The content alone is worth restoring. */
static int make_up_info(BhTrashRecord *record) {
        struct stat st;

        if (fstat(record->fd, &st) < 0)
                return -errno;
        bh_log_warning("What is known of “%s” in the trash is lost", record->id);
        record->path = g_strdup_printf("restored-%.8s", record->id);
        record->deleted_usec = st.st_ctim.tv_sec * BH_USEC_PER_SEC;
        record->deleted_by[0] = '\0';
        return 0;
}

int bh_trash_record_open(const BhStorage *storage, const char *id, BhTrashRecord *ret) {
        _cleanup_(bh_trash_record_clear) BhTrashRecord record = BH_TRASH_RECORD_INIT;
        g_autofree char *text = NULL;
        BhNode directory = BH_NODE_INIT;
        int r;

        if (!bh_storage_is_id(id))
                return -ENOENT;
        g_strlcpy(record.id, id, sizeof(record.id));
        record.fd = bh_path_open_at(storage->trash_fd, id, O_RDONLY | O_DIRECTORY);
        if (record.fd < 0)
                return record.fd == -ENOTDIR || record.fd == -EXDEV ? -ENOENT : record.fd;
        directory.fd = record.fd;
        r = bh_node_open_child(&directory, &anybody, BH_TRASH_CONTENT, &record.content);
        if (r < 0)
                return r;
        r = read_text(record.fd, INFO, &text);
        if ((r < 0 || !parse_info(&record, text))) {
                r = make_up_info(&record);
                if (r < 0)
                        return r;
        }
        *ret = record;
        record = BH_TRASH_RECORD_INIT;
        return 0;
}

bool bh_trash_record_exists(const BhStorage *storage, const char *id) {
        struct stat st;

        return bh_storage_is_id(id) && fstatat(storage->trash_fd, id, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

int bh_trash_record_remove(const BhStorage *storage, const BhTrashRecord *record) {
        if (record->fd >= 0 && unlinkat(record->fd, INFO, 0) < 0 && errno != ENOENT)
                return -errno;
        return unlinkat(storage->trash_fd, record->id, AT_REMOVEDIR) < 0 && errno != ENOENT ? -errno : 0;
}

static int visit_size(const BhTreeItem *item, void *userdata) {
        uint64_t *size = userdata;

        if (S_ISREG(item->stat.st_mode))
                *size += (uint64_t)item->stat.st_size;
        return 0;
}

int bh_trash_record_get_size(const BhTrashRecord *record, uint64_t *ret) {
        char text[32];
        uint64_t size = 0;

        if (!bh_node_is_directory(&record->content)) {
                *ret = (uint64_t)record->content.stat.st_size;
                return 0;
        }
        ssize_t n = fgetxattr(record->fd, SIZE_ATTRIBUTE, text, sizeof(text) - 1);
        if (n > 0) {
                text[n] = '\0';
                if (g_ascii_string_to_unsigned(text, 10, 0, UINT64_MAX, ret, NULL))
                        return 0;
        }
        int r = bh_tree_walk(record->content.fd, "", BH_TREE_SKIP_FOREIGN, NULL, visit_size, &size);
        if (r < 0)
                return r;
        bh_trash_record_set_size(record, size);
        *ret = size;
        return 0;
}

void bh_trash_record_set_size(const BhTrashRecord *record, uint64_t size) {
        g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT, size);

        (void)fsetxattr(record->fd, SIZE_ATTRIBUTE, text, strlen(text), 0);
}

int bh_trash_record_list(const BhStorage *storage, char ***ret) {
        g_autoptr(GStrvBuilder) ids = g_strv_builder_new();
        _cleanup_(bh_closedirp) DIR *directory = NULL;
        int r;

        r = bh_path_open_entries(storage->trash_fd, &directory);
        if (r < 0)
                return r;
        for (;;) {
                errno = 0;
                const struct dirent *entry = readdir(directory);
                if (!entry && errno > 0)
                        return -errno;
                if (!entry)
                        break;
                if (bh_storage_is_id(entry->d_name))
                        g_strv_builder_add(ids, entry->d_name);
        }
        *ret = g_strv_builder_end(ids);
        return 0;
}
