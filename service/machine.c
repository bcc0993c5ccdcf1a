/* SPDX-License-Identifier: MIT */

#include "machine.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "macro.h"
#include "sensors.h"

/* Files in /proc are read to that length: /proc/stat has a line for each processor first, and then much that is not needed. */
#define FILE_SIZE 65536

#define POLICIES_MAX 64u

/* What is behind a name in /proc/diskstats. */
typedef struct DiskInfo {
        bool is_disk, is_seen;
        char model[BH_MACHINE_TEXT_SIZE], serial[BH_MACHINE_TEXT_SIZE];
} DiskInfo;

struct BhMachine {
        int proc_fd, sysfs_fd;
        char model[BH_MACHINE_TEXT_SIZE];
        BhSensors *sensors;
        GHashTable *disks; /* name → DiskInfo */
        char *buffer;      /* of FILE_SIZE */
};

/* Files --------------------------------------------------------------------------------------------------------------------------------- */

ssize_t bh_machine_read_file(int directory_fd, const char *path, char *buffer, size_t size) {
        _cleanup_(bh_closep) int fd = openat(directory_fd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        size_t length = 0;

        buffer[0] = '\0';
        if (fd < 0)
                return -errno;
        while (length < size - 1) {
                ssize_t n = read(fd, buffer + length, size - 1 - length);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0) {
                        buffer[0] = '\0';
                        return -errno;
                }
                if (n == 0)
                        break;
                length += (size_t)n;
        }
        buffer[length] = '\0';
        return (ssize_t)length;
}

void bh_machine_copy_text(char *buffer, size_t size, const char *text) {
        g_autofree char *valid = g_utf8_make_valid(text, -1);
        const char *end;

        for (char *c = valid; *c; c++)
                if (g_ascii_iscntrl(*c))
                        *c = ' ';
        (void)g_strlcpy(buffer, valid, size);
        if (!g_utf8_validate(buffer, -1, &end)) /* a character was cut */
                buffer[end - buffer] = '\0';
}

bool bh_machine_read_line(int directory_fd, const char *path, char *buffer, size_t size) {
        g_autofree char *text = g_malloc(size);

        if (bh_machine_read_file(directory_fd, path, text, size) <= 0) {
                buffer[0] = '\0';
                return false;
        }
        text[strcspn(text, "\n")] = '\0';
        bh_machine_copy_text(buffer, size, g_strstrip(text));
        return buffer[0] != '\0';
}

bool bh_machine_read_number(int directory_fd, const char *path, int64_t *ret) {
        char text[32];
        gint64 value;

        if (!bh_machine_read_line(directory_fd, path, text, sizeof text) ||
            !g_ascii_string_to_signed(text, 10, INT64_MIN, INT64_MAX, &value, NULL))
                return false;
        *ret = value;
        return true;
}

/* Takes the next line that is complete out of *rest. */
static char *next_line(char **rest) {
        char *line = *rest, *end = strchr(line, '\n');

        if (!end)
                return NULL;
        *end = '\0';
        *rest = end + 1;
        return line;
}

static char *read_proc(BhMachine *machine, const char *path) {
        return bh_machine_read_file(machine->proc_fd, path, machine->buffer, FILE_SIZE) > 0 ? machine->buffer : NULL;
}

/* Reads up to n numbers; returns how many there were. */
static unsigned read_numbers(const char *text, uint64_t *numbers, unsigned n) {
        for (unsigned i = 0; i < n; i++) {
                char *end;

                while (*text == ' ' || *text == '\t')
                        text++;
                if (!g_ascii_isdigit(*text))
                        return i;
                errno = 0;
                numbers[i] = g_ascii_strtoull(text, &end, 10);
                if (errno != 0)
                        return i;
                text = end;
        }
        return n;
}

/* Processors ---------------------------------------------------------------------------------------------------------------------------- */

/* Kernels before 2.6.33 have fewer columns; idle is the least that is needed. */
static bool parse_times(const char *text, BhCoreCounters *core) {
        memset(core->times, 0, sizeof core->times);
        return read_numbers(text, core->times, BH_CPU_TIMES) > BH_CPU_IDLE;
}

static void read_cpu(BhMachine *machine, BhReading *reading) {
        char *rest = read_proc(machine, "stat"), *line;

        while (rest && (line = next_line(&rest)) && g_str_has_prefix(line, "cpu")) {
                BhCoreCounters core = {};
                char *end;

                if (line[3] == ' ') {
                        reading->has_cpu = parse_times(line + 3, &reading->cpu);
                        continue;
                }
                core.number = (unsigned)g_ascii_strtoull(line + 3, &end, 10);
                if (end == line + 3 || *end != ' ' || core.number >= BH_MACHINE_CORES_MAX || !parse_times(end, &core))
                        continue;
                if (reading->cores->len > 0 &&
                    g_array_index(reading->cores, BhCoreCounters, reading->cores->len - 1).number >= core.number)
                        continue;
                g_array_append_val(reading->cores, core);
        }
}

/* The value of a line "key : value" of /proc/cpuinfo; NULL when it is another one. */
static char *value_of(char *line, const char *key) {
        char *colon = strchr(line, ':');
        size_t length = strlen(key);

        if (!colon || !g_str_has_prefix(line, key) || strspn(line + length, " \t") != (size_t)(colon - line) - length)
                return NULL;
        return g_strstrip(colon + 1);
}

static double read_frequency_of_policies(BhMachine *machine) {
        double sum = 0;
        unsigned n = 0;

        for (unsigned i = 0; i < POLICIES_MAX; i++) {
                char path[96];
                int64_t khz;

                g_snprintf(path, sizeof path, "devices/system/cpu/cpufreq/policy%u/scaling_cur_freq", i);
                if (!bh_machine_read_number(machine->sysfs_fd, path, &khz) || khz <= 0) {
                        if (i == 0)
                                return 0; /* there is always a first one, if any */
                        continue;
                }
                sum += (double)khz / 1000;
                n++;
        }
        return n > 0 ? sum / n : 0;
}

static double read_frequency(BhMachine *machine) {
        double sum = read_frequency_of_policies(machine);
        char *rest, *line;
        unsigned n = 0;

        if (sum > 0)
                return sum;
        rest = read_proc(machine, "cpuinfo");
        while (rest && (line = next_line(&rest))) {
                const char *value = value_of(line, "cpu MHz");
                double mhz = value ? g_ascii_strtod(value, NULL) : 0;

                if (mhz > 0 && mhz < 1e6) {
                        sum += mhz;
                        n++;
                }
        }
        return n > 0 ? sum / n : 0;
}

static void read_model(BhMachine *machine) {
        char *rest = read_proc(machine, "cpuinfo"), *line;

        while (rest && (line = next_line(&rest))) {
                const char *value = value_of(line, "model name") ?: value_of(line, "Model") ?: value_of(line, "Hardware");

                if (!value || !*value)
                        continue;
                bh_machine_copy_text(machine->model, sizeof machine->model, value);
                return;
        }
}

static void read_load(BhMachine *machine, BhReading *reading) {
        char *text = read_proc(machine, "loadavg");

        if (!text)
                return;
        for (unsigned i = 0; i < G_N_ELEMENTS(reading->load); i++) {
                char *end;

                reading->load[i] = g_ascii_strtod(text, &end);
                if (end == text || *end != ' ' || !(reading->load[i] >= 0 && reading->load[i] < 1e6))
                        return;
                text = end;
        }
        reading->has_load = true;
}

static void read_uptime(BhMachine *machine, BhReading *reading) {
        const char *text = read_proc(machine, "uptime");
        double seconds = text ? g_ascii_strtod(text, NULL) : 0;

        if (seconds > 0 && seconds < 1e12)
                reading->uptime_usec = (uint64_t)(seconds * (double)BH_USEC_PER_SEC);
}

/* Memory -------------------------------------------------------------------------------------------------------------------------------- */

static void read_memory(BhMachine *machine, BhReading *reading) {
        const struct {
                const char *name;
                uint64_t *value;
        } fields[] = {
                {"MemTotal:", &reading->memory_total},
                {"MemAvailable:", &reading->memory_available},
                {"SwapTotal:", &reading->swap_total},
                {"SwapFree:", &reading->swap_free},
        };
        char *rest = read_proc(machine, "meminfo"), *line;
        unsigned found = 0;

        while (rest && (line = next_line(&rest)))
                for (unsigned i = 0; i < G_N_ELEMENTS(fields); i++) {
                        uint64_t kib;

                        if (!g_str_has_prefix(line, fields[i].name) ||
                            read_numbers(line + strlen(fields[i].name), &kib, 1) != 1 || kib > UINT64_MAX / 1024)
                                continue;
                        *fields[i].value = kib * 1024;
                        found |= 1u << i;
                }
        reading->has_memory = (found & 3u) == 3u && reading->memory_total >= reading->memory_available;
        reading->swap_free = MIN(reading->swap_free, reading->swap_total);
}

/* Networks ------------------------------------------------------------------------------------------------------------------------------ */

static void read_network_state(BhMachine *machine, BhNetworkCounters *network) {
        char path[96], state[16];
        int64_t speed;

        g_snprintf(path, sizeof path, "class/net/%s/device", network->name);
        network->is_physical = faccessat(machine->sysfs_fd, path, F_OK, 0) == 0;
        /* Drivers that do not say, as of tunnels and simulated ones, have a carrier all the same when they are up. */
        g_snprintf(path, sizeof path, "class/net/%s/operstate", network->name);
        network->is_up = bh_machine_read_line(machine->sysfs_fd, path, state, sizeof state) && g_str_equal(state, "up");
        if (!network->is_up && g_str_equal(state, "unknown")) {
                int64_t carrier;

                g_snprintf(path, sizeof path, "class/net/%s/carrier", network->name);
                network->is_up = bh_machine_read_number(machine->sysfs_fd, path, &carrier) && carrier == 1;
        }
        g_snprintf(path, sizeof path, "class/net/%s/speed", network->name);
        if (bh_machine_read_number(machine->sysfs_fd, path, &speed) && speed > 0 && speed <= UINT32_MAX)
                network->speed_mbps = (uint32_t)speed;
}

/* "  eth0: 1 2 3 4 5 6 7 8 9 …": bytes received are the first, bytes sent the ninth. Ends of the networks of containers (veth…) come and go with these, and are
 * seen in what they are connected to. */
static void parse_network(BhMachine *machine, char *line, GArray *networks) {
        BhNetworkCounters network = {};
        uint64_t numbers[9];
        char *colon = strrchr(line, ':');

        if (!colon || networks->len >= BH_MACHINE_NETWORKS_MAX)
                return;
        *colon = '\0';
        line = g_strstrip(line);
        if (!*line || strlen(line) >= sizeof network.name || strchr(line, '/') || g_str_equal(line, ".") ||
            g_str_equal(line, "..") || g_str_has_prefix(line, "veth") || !g_utf8_validate(line, -1, NULL) ||
            read_numbers(colon + 1, numbers, G_N_ELEMENTS(numbers)) != G_N_ELEMENTS(numbers))
                return;
        g_strlcpy(network.name, line, sizeof network.name);
        network.received = numbers[0];
        network.sent = numbers[8];
        read_network_state(machine, &network);
        g_array_append_val(networks, network);
}

/* Those of process 1 are the machine's, also when the service has a network of its own with nothing in it (PrivateNetwork= of its unit). */
static void read_networks(BhMachine *machine, BhReading *reading) {
        char *rest = read_proc(machine, "1/net/dev") ?: read_proc(machine, "net/dev"), *line;
        g_autofree char *copy = g_strdup(rest);

        reading->has_networks = rest != NULL;
        rest = copy; /* the buffer is used for others meanwhile */
        while (rest && (line = next_line(&rest)))
                parse_network(machine, line, reading->networks);
}

/* Disks --------------------------------------------------------------------------------------------------------------------------------- */

static bool is_name_of_disk(const char *name) {
        static const char *const others[] = {"loop", "ram", "zram", "sr", "fd", "nbd", "md", "dm-"};

        for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
                if (g_str_has_prefix(name, others[i]) && g_ascii_isdigit(name[strlen(others[i])]))
                        return false;
        return !strchr(name, '/');
}

/* A disk has a device, which loops, arrays and the like have not; a partition is not in /sys/block at all. None of this asks the disk itself. */
static DiskInfo *look_at_disk(BhMachine *machine, const char *name) {
        DiskInfo *info = g_new0(DiskInfo, 1);
        char path[128];

        g_snprintf(path, sizeof path, "block/%s/device", name);
        info->is_disk = is_name_of_disk(name) && faccessat(machine->sysfs_fd, path, F_OK, 0) == 0;
        if (!info->is_disk)
                return info;
        g_snprintf(path, sizeof path, "block/%s/device/model", name);
        (void)bh_machine_read_line(machine->sysfs_fd, path, info->model, sizeof info->model);
        g_snprintf(path, sizeof path, "block/%s/device/serial", name);
        if (bh_machine_read_line(machine->sysfs_fd, path, info->serial, sizeof info->serial))
                return info;
        g_snprintf(path, sizeof path, "block/%s/serial", name);
        (void)bh_machine_read_line(machine->sysfs_fd, path, info->serial, sizeof info->serial);
        return info;
}

static DiskInfo *find_disk(BhMachine *machine, const char *name) {
        DiskInfo *info = g_hash_table_lookup(machine->disks, name);

        if (!info) {
                info = look_at_disk(machine, name);
                g_hash_table_insert(machine->disks, g_strdup(name), info);
        }
        info->is_seen = true;
        return info;
}

/* "   8  0 sda reads merged sectors msec writes merged sectors msec in-flight busy …" */
static void parse_disk(BhMachine *machine, char *line, GArray *disks) {
        BhDiskCounters disk = {};
        uint64_t numbers[10];
        g_auto(GStrv) words = g_strsplit_set(g_strstrip(line), " \t", 64);
        const char *name = NULL;
        unsigned n = 0;
        DiskInfo *info;

        for (char **word = words; *word; word++)
                if (**word && n++ == 2)
                        name = *word;
        if (!name || strlen(name) >= sizeof disk.name || !g_utf8_validate(name, -1, NULL))
                return;
        /* Behind the name, which is the first place where it stands: numbers are before it. */
        line = strstr(line, name);
        if (!line || read_numbers(line + strlen(name), numbers, G_N_ELEMENTS(numbers)) != G_N_ELEMENTS(numbers))
                return;
        info = find_disk(machine, name);
        if (!info->is_disk || disks->len >= BH_MACHINE_DISKS_MAX)
                return;
        g_strlcpy(disk.name, name, sizeof disk.name);
        g_strlcpy(disk.model, info->model, sizeof disk.model);
        g_strlcpy(disk.serial, info->serial, sizeof disk.serial);
        disk.reads = numbers[0];
        disk.read_sectors = numbers[2];
        disk.read_msec = numbers[3];
        disk.writes = numbers[4];
        disk.written_sectors = numbers[6];
        disk.write_msec = numbers[7];
        disk.busy_msec = numbers[9];
        g_array_append_val(disks, disk);
}

static gboolean is_gone(gpointer name, gpointer value, gpointer userdata) {
        DiskInfo *info = value;
        bool was_seen = info->is_seen;

        info->is_seen = false;
        return !was_seen;
}

/* What has gone is looked at anew when the name comes back: it may be another disk. */
static void read_disks(BhMachine *machine, BhReading *reading) {
        char *rest = read_proc(machine, "diskstats"), *line;

        reading->has_disks = rest != NULL;
        while (rest && (line = next_line(&rest)))
                parse_disk(machine, line, reading->disks);
        g_hash_table_foreach_remove(machine->disks, is_gone, NULL);
}

/* All of it ------------------------------------------------------------------------------------------------------------------------------- */

BhReading *bh_machine_read(BhMachine *machine) {
        BhReading *reading = g_new0(BhReading, 1);

        reading->cores = g_array_new(FALSE, FALSE, sizeof(BhCoreCounters));
        reading->networks = g_array_new(FALSE, FALSE, sizeof(BhNetworkCounters));
        reading->disks = g_array_new(FALSE, FALSE, sizeof(BhDiskCounters));
        reading->sensors = g_array_new(FALSE, FALSE, sizeof(BhSensorValue));
        reading->time_usec = g_get_real_time();
        reading->monotonic_usec = g_get_monotonic_time();
        read_cpu(machine, reading);
        read_disks(machine, reading);
        read_networks(machine, reading);
        read_memory(machine, reading);
        read_load(machine, reading);
        read_uptime(machine, reading);
        reading->frequency_mhz = read_frequency(machine);
        /* Last, for drivers may take their time. */
        bh_sensors_read(machine->sensors, reading->monotonic_usec, reading->sensors);
        return reading;
}

void bh_reading_free(BhReading *reading) {
        if (!reading)
                return;
        g_array_unref(reading->cores);
        g_array_unref(reading->networks);
        g_array_unref(reading->disks);
        g_array_unref(reading->sensors);
        g_free(reading);
}

const char *bh_machine_model(const BhMachine *machine) {
        return machine->model;
}

BhMachine *bh_machine_new(const char *proc, const char *sysfs) {
        BhMachine *machine = g_new0(BhMachine, 1);

        machine->proc_fd = open(proc, O_PATH | O_DIRECTORY | O_CLOEXEC);
        machine->sysfs_fd = open(sysfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
        machine->sensors = bh_sensors_new(sysfs);
        machine->disks = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        machine->buffer = g_malloc(FILE_SIZE);
        read_model(machine);
        return machine;
}

void bh_machine_free(BhMachine *machine) {
        if (!machine)
                return;
        bh_closep(&machine->proc_fd);
        bh_closep(&machine->sysfs_fd);
        bh_sensors_free(machine->sensors);
        g_hash_table_unref(machine->disks);
        g_free(machine->buffer);
        g_free(machine);
}
