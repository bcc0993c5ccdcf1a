/* SPDX-License-Identifier: MIT */
#include "path.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "macro.h"

static bool is_control(gunichar c) {
        return c <= 0x1f || (c >= 0x7f && c <= 0x9f);
}

/* Code points that Unicode keeps from being characters ever. The bus does not carry them. */
static bool is_noncharacter(gunichar c) {
        return (c >= 0xfdd0 && c <= 0xfdef) || (c & 0xfffe) == 0xfffe;
}

int bh_name_validate(const char *name) {
        size_t size = strlen(name);

        if (strcmp(name, "..") == 0)
                return -EXDEV;
        if (size == 0 || size > BH_NAME_SIZE_MAX || strcmp(name, ".") == 0)
                return -EILSEQ;
        if (!g_utf8_validate(name, (gssize)size, NULL))
                return -EILSEQ;
        for (const char *p = name; *p; p = g_utf8_next_char(p)) {
                gunichar c = g_utf8_get_char(p);

                if (c == '/' || is_control(c) || is_noncharacter(c))
                        return -EILSEQ;
        }
        return 0;
}

/* Whether a ".." is among the names: asked of any path before anything else, so that an attempt to leave is always
 * reported as one. */
static bool has_parent_name(const char *text) {
        for (const char *p = text; p; p = strchr(p, '/')) {
                if (*p == '/')
                        p++;
                if (p[0] == '.' && p[1] == '.' && (p[2] == '\0' || p[2] == '/'))
                        return true;
        }
        return false;
}

int bh_path_parse(BhPath *ret, const char *text) {
        *ret = (BhPath){};

        if (text[0] == '/' || has_parent_name(text))
                return -EXDEV;
        if (strlen(text) > BH_PATH_SIZE_MAX)
                return -EILSEQ;

        BhPath path = {.text = g_strdup(text)};
        char *rest = text[0] ? g_strdup(text) : NULL;
        while (rest) {
                char *slash = strchr(rest, '/');
                if (slash)
                        *slash = '\0';
                int r = path.depth < BH_PATH_DEPTH_MAX ? bh_name_validate(rest) : -EILSEQ;
                if (r < 0) {
                        if (path.depth == 0)
                                g_free(rest);
                        bh_path_clear(&path);
                        return r;
                }
                path.names[path.depth++] = rest;
                rest = slash ? slash + 1 : NULL;
        }
        bh_path_set_base(&path, 0);
        *ret = path;
        return 0;
}

void bh_path_set_base(BhPath *path, size_t base) {
        path->base = base;
        path->reserved = path->depth > base && strcmp(path->names[base], BH_RESERVED_NAME) == 0;
}

const char *bh_path_inner(const BhPath *path) {
        if (bh_path_is_root(path))
                return "";
        return path->text + (path->names[path->base] - path->names[0]);
}

int bh_path_join(BhPath *ret, const char *parent, const char *name) {
        *ret = (BhPath){};
        int r = bh_name_validate(name);
        if (r < 0)
                return r;
        g_autofree char *text = parent[0] ? g_strconcat(parent, "/", name, NULL) : g_strdup(name);
        return bh_path_parse(ret, text);
}

void bh_path_clear(BhPath *path) {
        g_free(path->text);
        if (path->depth > 0)
                g_free(path->names[0]);
        *path = (BhPath){};
}

char *bh_path_parent(const BhPath *path) {
        const char *slash = strrchr(path->text, '/');
        return slash ? g_strndup(path->text, (size_t)(slash - path->text)) : g_strdup("");
}

const char *bh_path_name(const BhPath *path) {
        return path->depth > 0 ? path->names[path->depth - 1] : "";
}

bool bh_path_is_within(const BhPath *path, const BhPath *base) {
        if (path->depth < base->depth)
                return false;
        for (size_t i = 0; i < base->depth; i++)
                if (strcmp(path->names[i], base->names[i]) != 0)
                        return false;
        return true;
}

/* The kernel also says EXDEV when what it has found is moved to another directory before it is done: then it is worth
 * looking again. A link or mount point stays one. */
#define MOVED_TRIES 16

int bh_path_open_at(int directory_fd, const char *name, int flags) {
        /* Without O_NOFOLLOW: together with O_PATH it would make openat2() return a descriptor of the link instead of
         * refusing it. */
        const struct open_how how = {
                .flags = (uint64_t)(flags | O_CLOEXEC),
                .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
        };
        int tries = 0;
        long fd;

        if (strchr(name, '/') || strcmp(name, "..") == 0)
                return -EXDEV;
        do
                fd = syscall(SYS_openat2, directory_fd, name, &how, sizeof(how));
        while (fd < 0 && (errno == EINTR || (errno == EXDEV && ++tries < MOVED_TRIES)));
        if (fd >= 0)
                return (int)fd;
        if (errno == ELOOP) /* a symbolic link */
                return -EXDEV;
        if (errno == ENAMETOOLONG)
                return -EILSEQ;
        return -errno;
}

int bh_path_reopen(int fd, int flags) {
        char path[BH_PROC_PATH_SIZE];
        int r;

        bh_path_proc(path, fd, NULL);
        do
                r = open(path, flags | O_CLOEXEC | O_NOCTTY);
        while (r < 0 && errno == EINTR);
        return r < 0 ? -errno : r;
}

int bh_path_open_entries(int fd, DIR **ret) {
        _cleanup_(bh_closep) int own_fd = bh_path_reopen(fd, O_RDONLY | O_DIRECTORY);
        DIR *directory;

        if (own_fd < 0)
                return own_fd;
        directory = fdopendir(own_fd);
        if (!directory)
                return -errno;
        bh_steal_fd(&own_fd);
        *ret = directory;
        return 0;
}

void bh_path_proc(char buffer[static BH_PROC_PATH_SIZE], int fd, const char *name) {
        snprintf(buffer, BH_PROC_PATH_SIZE, name ? "/proc/self/fd/%d/%s" : "/proc/self/fd/%d", fd, name);
}
