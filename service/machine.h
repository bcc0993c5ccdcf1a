/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the kernel counts and says of the machine, as it is read in /proc and /sys: nothing is started for it, and no disk is woken. Numbers as the kernel has
 * them; sample.h makes rates of two readings. */

/* What is more than that is not read. */
#define BH_MACHINE_CORES_MAX 256u
#define BH_MACHINE_DISKS_MAX 128u
#define BH_MACHINE_NETWORKS_MAX 128u
#define BH_MACHINE_SENSORS_MAX 128u

/* Bytes of names, with the NUL. */
#define BH_MACHINE_NAME_SIZE 32
#define BH_MACHINE_TEXT_SIZE 64

typedef enum BhCpuTime {
        BH_CPU_USER,
        BH_CPU_NICE,
        BH_CPU_SYSTEM,
        BH_CPU_IDLE,
        BH_CPU_IOWAIT,
        BH_CPU_IRQ,
        BH_CPU_SOFTIRQ,
        BH_CPU_STEAL,
        BH_CPU_TIMES,
} BhCpuTime;

typedef struct BhCoreCounters {
        unsigned number;
        uint64_t times[BH_CPU_TIMES]; /* ticks of 1/100 s; user has those of guests in it */
} BhCoreCounters;

typedef struct BhNetworkCounters {
        char name[BH_MACHINE_NAME_SIZE];
        uint64_t received, sent; /* bytes */
        bool is_physical;        /* there is a device, it is not made of others */
        bool is_up;
        uint32_t speed_mbps; /* 0 not known */
} BhNetworkCounters;

typedef struct BhDiskCounters {
        char name[BH_MACHINE_NAME_SIZE];                                /* the kernel's */
        char model[BH_MACHINE_TEXT_SIZE], serial[BH_MACHINE_TEXT_SIZE]; /* "" not known */
        uint64_t reads, writes;                                         /* that are complete */
        uint64_t read_sectors, written_sectors;                         /* of 512 bytes, whatever the disk's are */
        uint64_t read_msec, write_msec, busy_msec;                      /* 32 bits wide: they wrap */
} BhDiskCounters;

typedef enum BhSensorKind {
        BH_SENSOR_TEMPERATURE, /* °C */
        BH_SENSOR_FAN,         /* revolutions a minute */
} BhSensorKind;

typedef struct BhSensorValue {
        BhSensorKind kind;
        char chip[BH_MACHINE_TEXT_SIZE],
                label[BH_MACHINE_TEXT_SIZE]; /* both together are unique for the kind, and the same after a restart */
        double value;
        double maximum, critical; /* NaN: the chip does not say */
} BhSensorValue;

typedef struct BhReading {
        int64_t time_usec;      /* since 1970 */
        int64_t monotonic_usec; /* what rates are taken over */
        bool has_cpu, has_load, has_memory, has_networks, has_disks;
        BhCoreCounters cpu;   /* all together */
        GArray *cores;        /* of BhCoreCounters that are online, by number */
        double frequency_mhz; /* mean of the cores; 0 not known */
        double load[3];
        uint64_t memory_total, memory_available, swap_total, swap_free; /* bytes */
        uint64_t uptime_usec;                                           /* 0 not known */
        GArray *networks;                                               /* of BhNetworkCounters */
        GArray *disks;                                                  /* of BhDiskCounters */
        GArray *sensors;                                                /* of BhSensorValue */
} BhReading;

typedef struct BhMachine BhMachine;

/* proc, sysfs: where those are mounted. Never fails. */
BhMachine *bh_machine_new(const char *proc, const char *sysfs);

/* NULL is fine. */
void bh_machine_free(BhMachine *machine);

/* What kind of processor it is; "" not known. Lives as long as the machine. */
const char *bh_machine_model(const BhMachine *machine);

/* Reads all of it. What cannot be read, or is not as it should be, is left out. To be freed with bh_reading_free(). One thread at a time. Blocks, though seldom long. */
BhReading *bh_machine_read(BhMachine *machine);

/* NULL is fine. */
void bh_reading_free(BhReading *reading);

/* For what reads beside it -------------------------------------------------------------------------------------------------------------- */

/* The content of the file, at most size - 1 bytes and a NUL, into buffer. Returns how much it is. Errors: those of open(2) and read(2). Any thread. */
ssize_t bh_machine_read_file(int directory_fd, const char *path, char *buffer, size_t size);

/* Copies text, made valid UTF-8 without what cannot be printed, as much of it as fits. */
void bh_machine_copy_text(char *buffer, size_t size, const char *text);

/* The same of a file with one line: without the blanks at its ends, as bh_machine_copy_text() has it. Returns false when there is none. */
bool bh_machine_read_line(int directory_fd, const char *path, char *buffer, size_t size);

/* The same of a file with one number. */
bool bh_machine_read_number(int directory_fd, const char *path, int64_t *ret);
