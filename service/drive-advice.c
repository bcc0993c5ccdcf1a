/* SPDX-License-Identifier: MIT */

#include "drive-advice.h"

#include <glib.h>
#include <string.h>

#include "macro.h"

/* Beginnings of model names, as drives say them. Western Digital and Seagate have published lists in 2020, Toshiba likewise. */
static const char *const shingled_models[] = {
        /* Western Digital Red, Blue, mobile */
        "WDC WD20EFAX",
        "WDC WD30EFAX",
        "WDC WD40EFAX",
        "WDC WD60EFAX",
        "WDC WD20EZAZ",
        "WDC WD60EZAZ",
        "WDC WD10SPZX",
        "WDC WD20SPZX",
        /* Seagate Barracuda, Archive, mobile */
        "ST2000DM008",
        "ST4000DM004",
        "ST6000DM003",
        "ST8000DM004",
        "ST5000AS0011",
        "ST8000AS0002",
        "ST8000AS0022",
        "ST500LM030",
        "ST1000LM048",
        "ST2000LM015",
        "ST3000LM024",
        "ST4000LM024",
        "ST5000LM000",
        /* Toshiba desktop, mobile */
        "TOSHIBA DT02ABA200",
        "TOSHIBA DT02ABA400",
        "TOSHIBA DT02ABA600",
        "TOSHIBA HDWD240",
        "TOSHIBA HDWD260",
        "TOSHIBA MQ04ABF100",
        "TOSHIBA MQ04ABD200",
};

/* Serial numbers that differ in so many of their last characters only. */
#define BATCH_CHARACTERS 2

/* Drives that were installed together differ by no more. */
#define BATCH_USEC (INT64_C(48) * 3600 * BH_USEC_PER_SEC)

#define MEGABYTES_PER_SECOND UINT64_C(1000000)

/* UDisks2 shows the maker in front of the model or as vendor, or not at all. */
static bool model_begins_with(const BhDrive *drive, const char *beginning) {
        const char *model = strchr(beginning, ' ');

        return g_str_has_prefix(drive->model, beginning) || (model && g_str_has_prefix(drive->model, model + 1));
}

bool bh_drive_is_shingled(const BhDrive *drive) {
        for (size_t i = 0; i < G_N_ELEMENTS(shingled_models); i++)
                if (model_begins_with(drive, shingled_models[i]))
                        return true;
        return false;
}

static bool serials_are_adjacent(const char *a, const char *b) {
        size_t length = strlen(a);

        return length > BATCH_CHARACTERS && length == strlen(b) && strncmp(a, b, length - BATCH_CHARACTERS) == 0;
}

static bool hours_are_alike(const BhDrive *a, const BhDrive *b) {
        uint64_t first = a->smart.power_on_usec, second = b->smart.power_on_usec;

        return a->smart.updated_usec > 0 && b->smart.updated_usec > 0 && first > 0 && second > 0 &&
               MAX(first, second) - MIN(first, second) <= BATCH_USEC;
}

bool bh_drives_may_be_of_one_batch(const BhDrive *a, const BhDrive *b) {
        if (a->model[0] == '\0' || !g_str_equal(a->model, b->model) || !g_str_equal(a->vendor, b->vendor))
                return false;
        return serials_are_adjacent(a->serial, b->serial) || hours_are_alike(a, b);
}

bool bh_drives_are_same(const BhDrive *a, const BhDrive *b) {
        if (a->wwn[0] != '\0' && b->wwn[0] != '\0')
                return g_str_equal(a->wwn, b->wwn);
        return a->serial[0] != '\0' && g_str_equal(a->serial, b->serial) && g_str_equal(a->model, b->model);
}

/* Averages from the outer to the inner tracks, rather low: an estimate that is beaten annoys nobody. */
uint64_t bh_drive_rate(const BhDrive *drive) {
        uint64_t rate = drive->rotation_rate == 0      ? 400
                        : drive->rotation_rate >= 7000 ? 150
                        : drive->rotation_rate > 0     ? 120
                                                       : 100;

        if (g_str_equal(drive->connection, "usb"))
                rate = MIN(rate, 100);
        return rate * MEGABYTES_PER_SECOND;
}
