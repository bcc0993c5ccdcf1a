/* SPDX-License-Identifier: MIT */

#include "sensors.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "machine.h"
#include "macro.h"

#define SCAN_USEC (60 * BH_USEC_PER_SEC)

/* Of one kind, of one chip: temp1 to temp32. */
#define INPUTS_MAX 32u

/* What is not within is a sensor that is not connected. */
#define TEMPERATURE_MIN (-60.0)
#define TEMPERATURE_MAX 250.0
#define RPM_MAX 100000

typedef struct Sensor {
        char input[64]; /* path in the directory of the chip's: "hwmon3/temp1_input" */
        BhSensorValue value;
} Sensor;

typedef struct Chip {
        char directory[32]; /* "hwmon3" */
        char name[BH_MACHINE_TEXT_SIZE];
        char device
                [BH_MACHINE_TEXT_SIZE]; /* what tells it from another one of its name, whatever order they were found in; "" none */
} Chip;

struct BhSensors {
        char *path; /* of the directory of chips */
        GArray *sensors;
        int64_t scanned_usec; /* 0 never */
};

/* Looking for them ---------------------------------------------------------------------------------------------------------------------- */

/* It becomes part of a series' name. */
static void make_word(char *text) {
        for (char *c = text; *c; c++)
                if (*c == '/')
                        *c = '-';
}

static bool read_chip(int fd, const char *directory, Chip *chip) {
        char path[64], target[4096];
        ssize_t n;

        if (!g_str_has_prefix(directory, "hwmon") || strlen(directory) >= sizeof chip->directory)
                return false;
        g_strlcpy(chip->directory, directory, sizeof chip->directory);
        g_snprintf(path, sizeof path, "%s/name", directory);
        if (!bh_machine_read_line(fd, path, chip->name, sizeof chip->name) || g_str_equal(chip->name, "drivetemp"))
                return false;
        make_word(chip->name);
        g_snprintf(path, sizeof path, "%s/device", directory);
        n = readlinkat(fd, path, target, sizeof target - 1);
        if (n > 0) {
                g_autofree char *base = NULL;

                target[n] = '\0';
                base = g_path_get_basename(target);
                bh_machine_copy_text(chip->device, sizeof chip->device, base);
        }
        return true;
}

static double read_limit(int fd, const char *directory, const char *input, const char *what) {
        char path[64];
        int64_t value;
        double limit;

        g_snprintf(path, sizeof path, "%s/%s_%s", directory, input, what);
        if (!bh_machine_read_number(fd, path, &value))
                return (double)NAN;
        limit = (double)value / 1000;
        return limit > 0 && limit <= TEMPERATURE_MAX ? limit : (double)NAN;
}

static bool is_taken(const GArray *sensors, const Sensor *sensor) {
        for (unsigned i = 0; i < sensors->len; i++) {
                const BhSensorValue *other = &g_array_index(sensors, Sensor, i).value;

                if (other->kind == sensor->value.kind && g_str_equal(other->chip, sensor->value.chip) &&
                    g_str_equal(other->label, sensor->value.label))
                        return true;
        }
        return false;
}

static void add_sensor(BhSensors *sensors, int fd, const Chip *chip, BhSensorKind kind, unsigned number) {
        Sensor sensor = {.value = {.kind = kind, .maximum = (double)NAN, .critical = (double)NAN}};
        char input[16], path[64];

        g_snprintf(input, sizeof input, "%s%u", kind == BH_SENSOR_FAN ? "fan" : "temp", number);
        g_snprintf(sensor.input, sizeof sensor.input, "%s/%s_input", chip->directory, input);
        if (sensors->sensors->len >= BH_MACHINE_SENSORS_MAX || faccessat(fd, sensor.input, R_OK, AT_EACCESS) < 0)
                return;
        g_strlcpy(sensor.value.chip, chip->name, sizeof sensor.value.chip);
        g_snprintf(path, sizeof path, "%s/%s_label", chip->directory, input);
        if (!bh_machine_read_line(fd, path, sensor.value.label, sizeof sensor.value.label))
                g_strlcpy(sensor.value.label, input, sizeof sensor.value.label);
        make_word(sensor.value.label);
        if (is_taken(sensors->sensors, &sensor))
                g_strlcpy(sensor.value.label, input, sizeof sensor.value.label);
        if (is_taken(sensors->sensors, &sensor))
                return;
        if (kind == BH_SENSOR_TEMPERATURE) {
                sensor.value.maximum = read_limit(fd, chip->directory, input, "max");
                sensor.value.critical = read_limit(fd, chip->directory, input, "crit");
        }
        g_array_append_val(sensors->sensors, sensor);
}

static int by_name(gconstpointer a, gconstpointer b) {
        const Chip *first = a, *second = b;

        return strcmp(first->name, second->name) ?: strcmp(first->device, second->device) ?: strcmp(first->directory, second->directory);
}

/* Chips of the same name, such as of two NVMe disks, are told apart by their device. */
static void name_apart(GArray *chips) {
        g_autofree bool *is_double = g_new0(bool, chips->len + 1);

        for (unsigned i = 1; i < chips->len; i++)
                if (g_str_equal(g_array_index(chips, Chip, i - 1).name, g_array_index(chips, Chip, i).name))
                        is_double[i - 1] = is_double[i] = true;
        for (unsigned i = 0; i < chips->len; i++) {
                Chip *chip = &g_array_index(chips, Chip, i);
                g_autofree char *name = NULL;

                if (!is_double[i])
                        continue;
                name = g_strdup_printf("%s-%s", chip->name, *chip->device ? chip->device : chip->directory);
                make_word(name);
                bh_machine_copy_text(chip->name, sizeof chip->name, name);
        }
}

static void scan(BhSensors *sensors) {
        g_autoptr(GArray) chips = g_array_new(FALSE, TRUE, sizeof(Chip));
        _cleanup_(bh_closedirp) DIR *directory = opendir(sensors->path);
        struct dirent *entry;

        g_array_set_size(sensors->sensors, 0);
        if (!directory)
                return;
        while ((entry = readdir(directory)) && chips->len < BH_MACHINE_SENSORS_MAX) {
                Chip chip = {};

                if (read_chip(dirfd(directory), entry->d_name, &chip))
                        g_array_append_val(chips, chip);
        }
        g_array_sort(chips, by_name);
        name_apart(chips);
        for (unsigned i = 0; i < chips->len; i++)
                for (unsigned number = 1; number <= INPUTS_MAX; number++) {
                        const Chip *chip = &g_array_index(chips, Chip, i);

                        add_sensor(sensors, dirfd(directory), chip, BH_SENSOR_TEMPERATURE, number);
                        add_sensor(sensors, dirfd(directory), chip, BH_SENSOR_FAN, number);
                }
}

/* Asking them --------------------------------------------------------------------------------------------------------------------------- */

static bool read_value(int fd, Sensor *sensor) {
        int64_t value;

        if (!bh_machine_read_number(fd, sensor->input, &value))
                return false;
        if (sensor->value.kind == BH_SENSOR_FAN) {
                sensor->value.value = (double)value;
                return value >= 0 && value <= RPM_MAX;
        }
        sensor->value.value = (double)value / 1000;
        return sensor->value.value >= TEMPERATURE_MIN && sensor->value.value <= TEMPERATURE_MAX;
}

void bh_sensors_read(BhSensors *sensors, int64_t now_usec, GArray *values) {
        _cleanup_(bh_closep) int fd = -1;

        if (sensors->scanned_usec == 0 || now_usec - sensors->scanned_usec >= SCAN_USEC) {
                scan(sensors);
                sensors->scanned_usec = now_usec;
        }
        if (sensors->sensors->len == 0)
                return;
        fd = open(sensors->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        for (unsigned i = 0; fd >= 0 && i < sensors->sensors->len; i++) {
                Sensor *sensor = &g_array_index(sensors->sensors, Sensor, i);

                if (read_value(fd, sensor))
                        g_array_append_val(values, sensor->value);
        }
}

BhSensors *bh_sensors_new(const char *sysfs) {
        BhSensors *sensors = g_new0(BhSensors, 1);

        sensors->path = g_build_filename(sysfs, "class", "hwmon", NULL);
        sensors->sensors = g_array_new(FALSE, FALSE, sizeof(Sensor));
        return sensors;
}

void bh_sensors_free(BhSensors *sensors) {
        if (!sensors)
                return;
        g_array_unref(sensors->sensors);
        g_free(sensors->path);
        g_free(sensors);
}
