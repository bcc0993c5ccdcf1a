/* SPDX-License-Identifier: MIT */
#include "copy-loop.h"

#include <errno.h>
#include <unistd.h>

/* Large enough to be fast, small enough that cancelling is felt at once. */
#define KERNEL_CHUNK (8 * 1024 * 1024)
#define BUFFER_SIZE (256 * 1024)

static gboolean fail(GError **error, int number) {
        g_set_error_literal(error, G_IO_ERROR, g_io_error_from_errno(number), g_strerror(number));
        return FALSE;
}

static gboolean write_all(int target, const char *buffer, gsize size, GError **error) {
        while (size > 0) {
                ssize_t n = write(target, buffer, size);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return fail(error, errno);
                buffer += n;
                size -= (gsize)n;
        }
        return TRUE;
}

static gboolean copy_through_buffer(int source, int target, guint64 *n_bytes, GCancellable *cancellable,
                                    BhCopyProgress progress, gpointer user_data, GError **error) {
        g_autofree char *buffer = g_malloc(BUFFER_SIZE);

        for (;;) {
                ssize_t n;

                if (g_cancellable_set_error_if_cancelled(cancellable, error))
                        return FALSE;
                n = read(source, buffer, BUFFER_SIZE);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return fail(error, errno);
                if (n == 0)
                        return TRUE;
                if (!write_all(target, buffer, (gsize)n, error))
                        return FALSE;
                *n_bytes += (guint64)n;
                if (progress)
                        progress((guint64)n, user_data);
        }
}

gboolean bh_copy_content(int source, int target, guint64 *n_bytes, GCancellable *cancellable, BhCopyProgress progress,
                         gpointer user_data, GError **error) {
        guint64 unused;

        if (!n_bytes)
                n_bytes = &unused;
        *n_bytes = 0;
        for (;;) {
                ssize_t n;

                if (g_cancellable_set_error_if_cancelled(cancellable, error))
                        return FALSE;
                n = copy_file_range(source, NULL, target, NULL, KERNEL_CHUNK, 0);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0 && (errno == ENOSPC || errno == EDQUOT || errno == EFBIG || errno == EIO))
                        return fail(error, errno);
                /* Other errors: not between these two. 0: the end, or a file whose size the kernel does not know (as in /proc); read() tells. */
                if (n <= 0)
                        return copy_through_buffer(source, target, n_bytes, cancellable, progress, user_data, error);
                *n_bytes += (guint64)n;
                if (progress)
                        progress((guint64)n, user_data);
        }
}
