/* What the commands of a script share. */
#ifndef CLIENT_H
#define CLIENT_H

#include "system.h"

enum { RUN_BYTES = 0x8000, REGISTERS = 33 };

/* A descriptor by the name that the script gives it; run is a vCPU's shared page. */
struct descriptor {
    char name[12];
    long number;
    u8 *run;
};

/* Memory that a guest can be given. */
struct memory {
    u8 *start;
    u64 bytes;
};

struct descriptor *find_descriptor(const char *name);
struct descriptor *add_descriptor(const char *name, long number);
struct memory *find_memory(const char *name);

/* MEMORY+OFFSET, or +OFFSET in the scratch buffer. */
u8 *address_of(char *text);

/* Closes and unmaps everything. */
void reset(void);

void command_ioctl(struct line *line);
void command_sweep(struct line *line);
void command_run(struct line *line);
void command_run_page(struct line *line);
void command_registers(struct line *line);

#endif
