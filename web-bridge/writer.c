/* SPDX-License-Identifier: MIT */
#include "writer.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* Where it is not possible, or fails, fsync(2) has more to do, and says what is wrong. */
static void begin_write_back(BhWriter *writer) {
        if (writer->position - writer->begun < BH_WRITER_STEP)
                return;
        (void)sync_file_range(writer->fd, writer->begun, writer->position - writer->begun, SYNC_FILE_RANGE_WRITE);
        writer->begun = writer->position;
}

int bh_writer_write(BhWriter *writer, gconstpointer data, gsize length) {
        const guint8 *from = data, *end = from + length;

        while (from < end) {
                gssize n = write(writer->fd, from, end - from);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return errno;
                from += n;
                writer->position += n;
        }
        begin_write_back(writer);
        return 0;
}
