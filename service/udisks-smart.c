/* SPDX-License-Identifier: MIT */

/* What UDisks2 can be asked about the health of a disk. */

#include <errno.h>
#include <string.h>

#include "macro.h"
#include "udisks-private.h"

#define QUICK_USEC (120 * BH_USEC_PER_SEC) /* a disk may have to spin up */
#define ATTRIBUTES_MAX 512
#define NAME_MAX_BYTES 64

/* The standard's names of power modes: the platters stand still in these. */
#define POWER_STANDBY 0x00
#define POWER_SLEEPING_NOT_KNOWN 0xff

typedef struct SmartCall {
        bool wake;
        const char *type;
} SmartCall;

static int update_options(sd_bus_message *m, void *userdata) {
        return ((SmartCall *)userdata)->wake ? 0 : sd_bus_message_append(m, "{sv}", "nowakeup", "b", 1);
}

static int selftest_append(sd_bus_message *m, void *userdata) {
        return sd_bus_message_append_basic(m, 's', ((SmartCall *)userdata)->type);
}

static int call_smart(BhUdisks *udisks, const char *drive, bool nvme, const char *method,
                      int (*append)(sd_bus_message *, void *), int (*options)(sd_bus_message *, void *), SmartCall data,
                      BhFailure *failure) {
        const BhUdisksCall call = {.object = drive,
                                   .interface = nvme ? "NVMe.Controller" : "Drive.Ata",
                                   .method = method,
                                   .timeout_usec = QUICK_USEC,
                                   .append = append,
                                   .options = options,
                                   .userdata = &data};

        return bh_udisks_call(udisks, &call, failure);
}

int bh_udisks_smart_update(BhUdisks *udisks, const char *drive, bool nvme, bool wake, BhFailure *failure) {
        return call_smart(udisks, drive, nvme, "SmartUpdate", NULL, nvme ? NULL : update_options,
                          (SmartCall){.wake = wake}, failure);
}

int bh_udisks_smart_start_selftest(BhUdisks *udisks, const char *drive, bool nvme, const char *type,
                                   BhFailure *failure) {
        return call_smart(udisks, drive, nvme, "SmartSelftestStart", selftest_append, NULL, (SmartCall){.type = type},
                          failure);
}

int bh_udisks_smart_abort_selftest(BhUdisks *udisks, const char *drive, bool nvme, BhFailure *failure) {
        return call_smart(udisks, drive, nvme, "SmartSelftestAbort", NULL, NULL, (SmartCall){}, failure);
}

/* ATA's attributes ------------------------------------------------------------------------------------------------------------------------ */

void bh_udisks_attributes_free(BhUdisksAttribute *attributes, size_t n_attributes) {
        for (size_t i = 0; i < n_attributes; i++)
                g_free(attributes[i].name);
        g_free(attributes);
}

static void attribute_clear(gpointer data) {
        g_free(((BhUdisksAttribute *)data)->name);
}

static int read_attribute(sd_bus_message *m, GArray *list) {
        BhUdisksAttribute attribute = {};
        int32_t value, worst, threshold, unit;
        const char *name;
        int r;

        r = sd_bus_message_read(m, "ysqiiixi", &attribute.id, &name, &attribute.flags, &value, &worst, &threshold,
                                &attribute.pretty, &unit);
        if (r >= 0)
                r = sd_bus_message_skip(m, "a{sv}");
        if (r < 0)
                return r;
        attribute.name = g_strndup(name, NAME_MAX_BYTES);
        attribute.value = CLAMP(value, -1, 65535);
        attribute.worst = CLAMP(worst, -1, 65535);
        attribute.threshold = CLAMP(threshold, -1, 65535);
        attribute.unit = unit;
        if (list->len < ATTRIBUTES_MAX)
                g_array_append_val(list, attribute);
        else
                attribute_clear(&attribute);
        return 0;
}

static int read_attributes(sd_bus_message *m, void *userdata) {
        int r;

        r = sd_bus_message_enter_container(m, 'a', "(ysqiiixia{sv})");
        while (r >= 0 && (r = sd_bus_message_enter_container(m, 'r', "ysqiiixia{sv}")) > 0) {
                r = read_attribute(m, userdata);
                if (r >= 0)
                        r = sd_bus_message_exit_container(m);
        }
        return r;
}

int bh_udisks_smart_get_attributes(BhUdisks *udisks, const char *drive, BhUdisksAttribute **ret, size_t *ret_n,
                                   BhFailure *failure) {
        g_autoptr(GArray) list = g_array_new(FALSE, TRUE, sizeof(BhUdisksAttribute));
        const BhUdisksCall call = {.object = drive,
                                   .interface = "Drive.Ata",
                                   .method = "SmartGetAttributes",
                                   .timeout_usec = QUICK_USEC,
                                   .read = read_attributes,
                                   .userdata = list};
        int r;

        g_array_set_clear_func(list, attribute_clear);
        r = bh_udisks_call(udisks, &call, failure);
        if (r < 0)
                return r;
        *ret_n = list->len;
        *ret = g_array_steal(list, NULL);
        return 0;
}

/* NVMe's values --------------------------------------------------------------------------------------------------------------------------- */

void bh_udisks_nvme_values_free(BhUdisksNvmeValue *values, size_t n_values) {
        for (size_t i = 0; i < n_values; i++)
                g_free(values[i].name);
        g_free(values);
}

static void nvme_value_clear(gpointer data) {
        g_free(((BhUdisksNvmeValue *)data)->name);
}

/* Reads a number of whatever type out of a variant. Returns whether it was one. */
static int read_number(sd_bus_message *m, double *ret) {
        union {
                uint8_t y;
                int16_t n;
                uint16_t q;
                int32_t i;
                uint32_t u;
                int64_t x;
                uint64_t t;
                double d;
        } value;
        const char *contents;
        int r;

        r = sd_bus_message_peek_type(m, NULL, &contents);
        if (r < 0)
                return r;
        if (strlen(contents) != 1 || !strchr("ynqiuxtd", contents[0])) {
                r = sd_bus_message_skip(m, "v");
                return r < 0 ? r : 0;
        }
        r = sd_bus_message_enter_container(m, 'v', contents);
        if (r < 0)
                return r;
        switch (contents[0]) {
        case 'y':
                r = sd_bus_message_read_basic(m, 'y', &value.y);
                *ret = value.y;
                break;
        case 'n':
                r = sd_bus_message_read_basic(m, 'n', &value.n);
                *ret = value.n;
                break;
        case 'q':
                r = sd_bus_message_read_basic(m, 'q', &value.q);
                *ret = value.q;
                break;
        case 'i':
                r = sd_bus_message_read_basic(m, 'i', &value.i);
                *ret = value.i;
                break;
        case 'u':
                r = sd_bus_message_read_basic(m, 'u', &value.u);
                *ret = value.u;
                break;
        case 'x':
                r = sd_bus_message_read_basic(m, 'x', &value.x);
                *ret = (double)value.x;
                break;
        case 't':
                r = sd_bus_message_read_basic(m, 't', &value.t);
                *ret = (double)value.t;
                break;
        default:
                r = sd_bus_message_read_basic(m, 'd', &value.d);
                *ret = value.d;
        }
        if (r >= 0)
                r = sd_bus_message_exit_container(m);
        return r < 0 ? r : 1;
}

static int read_nvme_values(sd_bus_message *m, void *userdata) {
        GArray *list = userdata;
        int r;

        r = sd_bus_message_enter_container(m, 'a', "{sv}");
        while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
                BhUdisksNvmeValue value = {};
                const char *name;

                r = sd_bus_message_read_basic(m, 's', &name);
                if (r >= 0)
                        r = read_number(m, &value.value);
                if (r > 0 && list->len < ATTRIBUTES_MAX) {
                        value.name = g_strndup(name, NAME_MAX_BYTES);
                        g_array_append_val(list, value);
                }
                if (r >= 0)
                        r = sd_bus_message_exit_container(m);
        }
        return r;
}

int bh_udisks_nvme_get_values(BhUdisks *udisks, const char *drive, BhUdisksNvmeValue **ret, size_t *ret_n,
                              BhFailure *failure) {
        g_autoptr(GArray) list = g_array_new(FALSE, TRUE, sizeof(BhUdisksNvmeValue));
        const BhUdisksCall call = {.object = drive,
                                   .interface = "NVMe.Controller",
                                   .method = "SmartGetAttributes",
                                   .timeout_usec = QUICK_USEC,
                                   .read = read_nvme_values,
                                   .userdata = list};
        int r;

        g_array_set_clear_func(list, nvme_value_clear);
        r = bh_udisks_call(udisks, &call, failure);
        if (r < 0)
                return r;
        *ret_n = list->len;
        *ret = g_array_steal(list, NULL);
        return 0;
}

/* Power ----------------------------------------------------------------------------------------------------------------------------------- */

static int read_power(sd_bus_message *m, void *userdata) {
        return sd_bus_message_read_basic(m, 'y', userdata) > 0 ? 0 : -EBADMSG;
}

int bh_udisks_get_power_state(BhUdisks *udisks, const char *drive, bool *ret_asleep, BhFailure *failure) {
        uint8_t state = POWER_SLEEPING_NOT_KNOWN;
        const BhUdisksCall call = {.object = drive,
                                   .interface = "Drive.Ata",
                                   .method = "PmGetState",
                                   .timeout_usec = QUICK_USEC,
                                   .read = read_power,
                                   .userdata = &state};
        int r = bh_udisks_call(udisks, &call, failure);

        if (r >= 0)
                *ret_asleep = state == POWER_STANDBY;
        return r;
}
