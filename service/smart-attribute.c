/* SPDX-License-Identifier: MIT */

#include "smart-attribute.h"

#include <glib.h>

#define REPLACE "replace soon"

static const BhSmartMeaning ata[] = {
        {1, "Raw_Read_Error_Rate", "Read error rate", BH_SMART_OPAQUE, BH_SMART_PLAIN, NULL},
        {2, "Throughput_Performance", "Throughput", BH_SMART_OPAQUE, BH_SMART_PLAIN, NULL},
        {3, "Spin_Up_Time", "Time to spin up", BH_SMART_MSEC, BH_SMART_PLAIN, NULL},
        {4, "Start_Stop_Count", "Starts and stops of the spindle", BH_SMART_COUNT, BH_SMART_PLAIN, NULL},
        {5, "Reallocated_Sector_Ct", "Reallocated sectors", BH_SMART_SECTORS, BH_SMART_PREDICTIVE, REPLACE},
        {7, "Seek_Error_Rate", "Seek error rate", BH_SMART_OPAQUE, BH_SMART_PLAIN, NULL},
        {8, "Seek_Time_Performance", "Speed of seeks", BH_SMART_OPAQUE, BH_SMART_PLAIN, NULL},
        {9, "Power_On_Hours", "Hours in use", BH_SMART_HOURS, BH_SMART_PLAIN, NULL},
        {10, "Spin_Retry_Count", "Retries to spin up", BH_SMART_COUNT, BH_SMART_WATCHED, "check its power supply"},
        {11, "Calibration_Retry_Count", "Retries to calibrate", BH_SMART_COUNT, BH_SMART_PLAIN, NULL},
        {12, "Power_Cycle_Count", "Times switched on", BH_SMART_COUNT, BH_SMART_PLAIN, NULL},
        {13, "Read_Soft_Error_Rate", "Soft read error rate", BH_SMART_OPAQUE, BH_SMART_PLAIN, NULL},
        {22, "Helium_Level", "Helium level", BH_SMART_PERCENT, BH_SMART_PLAIN, NULL},
        {175, "Program_Fail_Count_Chip", "Failed writes of a chip", BH_SMART_COUNT, BH_SMART_PLAIN, NULL},
        {176, "Erase_Fail_Count_Chip", "Failed erasures of a chip", BH_SMART_COUNT, BH_SMART_PLAIN, NULL},
        {177, "Wear_Leveling_Count", "Wear levelling", BH_SMART_COUNT, BH_SMART_PLAIN, NULL},
        {178, "Used_Rsvd_Blk_Cnt_Chip", "Reserve blocks in use of a chip", BH_SMART_COUNT, BH_SMART_PLAIN, NULL},
        {179, "Used_Rsvd_Blk_Cnt_Tot", "Reserve blocks in use", BH_SMART_COUNT, BH_SMART_PLAIN, NULL},
        {180, "Unused_Rsvd_Blk_Cnt_Tot", "Reserve blocks left", BH_SMART_COUNT, BH_SMART_PLAIN, NULL},
        {181, "Program_Fail_Cnt_Total", "Failed writes", BH_SMART_COUNT, BH_SMART_PLAIN, NULL},
        {182, "Erase_Fail_Count_Total", "Failed erasures", BH_SMART_COUNT, BH_SMART_PLAIN, NULL},
        {183, "Runtime_Bad_Block", "Bad blocks found at work", BH_SMART_COUNT, BH_SMART_PLAIN, NULL},
        {184, "End-to-End_Error", "Errors between its cache and the host", BH_SMART_COUNT, BH_SMART_WATCHED,
         "replace it if this goes on"},
        {187, "Reported_Uncorrect", "Errors that could not be corrected", BH_SMART_COUNT, BH_SMART_PREDICTIVE, REPLACE},
        {188, "Command_Timeout", "Commands that timed out", BH_SMART_COUNT, BH_SMART_PREDICTIVE,
         "check its cable and power supply, and replace it if this goes on"},
        {189, "High_Fly_Writes", "Writes from too high", BH_SMART_COUNT, BH_SMART_PLAIN, NULL},
        {190, "Airflow_Temperature_Cel", "Temperature of the air flow", BH_SMART_CELSIUS, BH_SMART_PLAIN, NULL},
        {191, "G-Sense_Error_Rate", "Shocks", BH_SMART_OPAQUE, BH_SMART_PLAIN, NULL},
        {192, "Power-Off_Retract_Count", "Emergency retracts of the heads", BH_SMART_COUNT, BH_SMART_PLAIN, NULL},
        {193, "Load_Cycle_Count", "Times the heads were parked", BH_SMART_COUNT, BH_SMART_PLAIN, NULL},
        {194, "Temperature_Celsius", "Temperature", BH_SMART_CELSIUS, BH_SMART_PLAIN, NULL},
        {195, "Hardware_ECC_Recovered", "Errors corrected by the disk", BH_SMART_OPAQUE, BH_SMART_PLAIN, NULL},
        {196, "Reallocated_Event_Count", "Times sectors were reallocated", BH_SMART_COUNT, BH_SMART_WATCHED,
         "see whether it goes on"},
        {197, "Current_Pending_Sector", "Pending sectors", BH_SMART_SECTORS, BH_SMART_PREDICTIVE, REPLACE},
        {198, "Offline_Uncorrectable", "Unreadable sectors", BH_SMART_SECTORS, BH_SMART_PREDICTIVE, REPLACE},
        {199, "UDMA_CRC_Error_Count", "Transmission errors", BH_SMART_COUNT, BH_SMART_WATCHED, "check its cable"},
        {200, "Multi_Zone_Error_Rate", "Write error rate", BH_SMART_OPAQUE, BH_SMART_PLAIN, NULL},
        {201, "Soft_Read_Error_Rate", "Soft read error rate", BH_SMART_OPAQUE, BH_SMART_PLAIN, NULL},
        {202, "Data_Address_Mark_Errs", "Address mark errors", BH_SMART_OPAQUE, BH_SMART_PLAIN, NULL},
        {220, "Disk_Shift", "Shift of the platters", BH_SMART_OPAQUE, BH_SMART_PLAIN, NULL},
        {222, "Loaded_Hours", "Hours with loaded heads", BH_SMART_HOURS, BH_SMART_PLAIN, NULL},
        {223, "Load_Retry_Count", "Retries to load the heads", BH_SMART_COUNT, BH_SMART_PLAIN, NULL},
        {224, "Load_Friction", "Friction of loading", BH_SMART_OPAQUE, BH_SMART_PLAIN, NULL},
        {225, "Load_Cycle_Count", "Times the heads were parked", BH_SMART_COUNT, BH_SMART_PLAIN, NULL},
        {226, "Load-in_Time", "Time to load the heads", BH_SMART_OPAQUE, BH_SMART_PLAIN, NULL},
        {232, "Available_Reservd_Space", "Reserve space left", BH_SMART_OPAQUE, BH_SMART_PLAIN, NULL},
        {233, "Media_Wearout_Indicator", "Wear", BH_SMART_OPAQUE, BH_SMART_PLAIN, NULL},
        {240, "Head_Flying_Hours", "Hours with flying heads", BH_SMART_HOURS, BH_SMART_PLAIN, NULL},
        {241, "Total_LBAs_Written", "Written in all", BH_SMART_OPAQUE, BH_SMART_PLAIN, NULL},
        {242, "Total_LBAs_Read", "Read in all", BH_SMART_OPAQUE, BH_SMART_PLAIN, NULL},
        {254, "Free_Fall_Sensor", "Falls", BH_SMART_COUNT, BH_SMART_PLAIN, NULL},
};

static const BhSmartMeaning unknown_ata = {
        0, "Unknown_Attribute", "Something only its maker knows", BH_SMART_OPAQUE, BH_SMART_PLAIN, NULL};

static const BhSmartMeaning nvme[] = {
        {BH_NVME_AVAILABLE_SPARE, "Available_Spare", "Reserve space left", BH_SMART_PERCENT, BH_SMART_PLAIN, NULL},
        {BH_NVME_PERCENT_USED, "Percentage_Used", "Endurance used up", BH_SMART_PERCENT, BH_SMART_PLAIN, NULL},
        {BH_NVME_MEDIA_ERRORS, "Media_and_Data_Integrity_Errors", "Errors that could not be corrected", BH_SMART_COUNT,
         BH_SMART_PREDICTIVE, REPLACE},
        {BH_NVME_ERROR_LOG, "Error_Information_Log_Entries", "Entries in its error log", BH_SMART_COUNT, BH_SMART_PLAIN,
         NULL},
        {BH_NVME_UNSAFE_SHUTDOWNS, "Unsafe_Shutdowns", "Times power was cut", BH_SMART_COUNT, BH_SMART_PLAIN, NULL},
        {BH_NVME_POWER_CYCLES, "Power_Cycles", "Times switched on", BH_SMART_COUNT, BH_SMART_PLAIN, NULL},
        {BH_NVME_BYTES_READ, "Data_Units_Read", "Read in all", BH_SMART_BYTES, BH_SMART_PLAIN, NULL},
        {BH_NVME_BYTES_WRITTEN, "Data_Units_Written", "Written in all", BH_SMART_BYTES, BH_SMART_PLAIN, NULL},
        {BH_NVME_BUSY_MINUTES, "Controller_Busy_Time", "Minutes at work", BH_SMART_COUNT, BH_SMART_PLAIN, NULL},
        {BH_NVME_WARNING_MINUTES, "Warning_Comp_Temperature_Time", "Minutes too warm", BH_SMART_COUNT, BH_SMART_WATCHED,
         "see that it gets more air"},
        {BH_NVME_CRITICAL_MINUTES, "Critical_Comp_Temperature_Time", "Minutes far too warm", BH_SMART_COUNT,
         BH_SMART_WATCHED, "see that it gets more air"},
};

static const BhSmartMeaning unknown_nvme = {
        0, "Unknown_Value", "Something only its maker knows", BH_SMART_OPAQUE, BH_SMART_PLAIN, NULL};

static const struct {
        const char *key;
        uint8_t id;
} nvme_keys[] = {
        {"avail_spare", BH_NVME_AVAILABLE_SPARE},         {"percent_used", BH_NVME_PERCENT_USED},
        {"media_errors", BH_NVME_MEDIA_ERRORS},           {"num_err_log_entries", BH_NVME_ERROR_LOG},
        {"unsafe_shutdowns", BH_NVME_UNSAFE_SHUTDOWNS},   {"power_cycles", BH_NVME_POWER_CYCLES},
        {"total_data_read", BH_NVME_BYTES_READ},          {"total_data_written", BH_NVME_BYTES_WRITTEN},
        {"ctrl_busy_time", BH_NVME_BUSY_MINUTES},         {"warning_temp_time", BH_NVME_WARNING_MINUTES},
        {"critical_temp_time", BH_NVME_CRITICAL_MINUTES},
};

static const BhSmartMeaning *find(const BhSmartMeaning *rows, size_t n, uint8_t id) {
        for (size_t i = 0; i < n; i++)
                if (rows[i].id == id)
                        return &rows[i];
        return NULL;
}

const BhSmartMeaning *bh_smart_meaning(bool is_nvme, uint8_t id) {
        if (is_nvme)
                return find(nvme, G_N_ELEMENTS(nvme), id) ?: &unknown_nvme;
        return find(ata, G_N_ELEMENTS(ata), id) ?: &unknown_ata;
}

uint8_t bh_nvme_id_of(const char *key) {
        for (size_t i = 0; i < G_N_ELEMENTS(nvme_keys); i++)
                if (g_str_equal(nvme_keys[i].key, key))
                        return nvme_keys[i].id;
        return 0;
}

uint64_t bh_smart_raw(uint8_t id, int64_t pretty, int pretty_unit) {
        enum { UNKNOWN, NONE, MSEC, SECTORS, MKELVIN };
        const BhSmartMeaning *meaning = bh_smart_meaning(false, id);

        if (pretty_unit == MKELVIN)
                pretty = (pretty - 273150 + 500) / 1000;
        if (pretty < 0)
                return 0;
        if (pretty_unit == MSEC && meaning->unit == BH_SMART_HOURS)
                return (uint64_t)pretty / 3600000;

        /* Makers pack more numbers into the upper bytes: the lowest and highest temperature, or how many of the commands took how long. */
        if (meaning->unit == BH_SMART_CELSIUS && pretty_unit != MKELVIN)
                return (uint64_t)pretty & 0xff;
        if (id == 188)
                return (uint64_t)pretty & 0xffff;
        return (uint64_t)pretty;
}

char *bh_smart_raw_to_text(const BhSmartMeaning *meaning, uint64_t raw) {
        switch (meaning->unit) {
        case BH_SMART_SECTORS:
                return g_strdup_printf("%" G_GUINT64_FORMAT " sector%s", raw, raw == 1 ? "" : "s");
        case BH_SMART_HOURS:
                return g_strdup_printf("%" G_GUINT64_FORMAT " hour%s", raw, raw == 1 ? "" : "s");
        case BH_SMART_MSEC:
                return g_strdup_printf("%" G_GUINT64_FORMAT " ms", raw);
        case BH_SMART_CELSIUS:
                return g_strdup_printf("%" G_GUINT64_FORMAT " °C", raw);
        case BH_SMART_PERCENT:
                return g_strdup_printf("%" G_GUINT64_FORMAT " %%", raw);
        case BH_SMART_BYTES:
                return g_format_size_full(raw, G_FORMAT_SIZE_IEC_UNITS);
        default:
                return g_strdup_printf("%" G_GUINT64_FORMAT, raw);
        }
}
