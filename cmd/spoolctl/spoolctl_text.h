/* spoolctl_text - what came with mail, as a terminal or a JSON parser may have it. */
#ifndef CMD_SPOOLCTL_TEXT_H
#define CMD_SPOOLCTL_TEXT_H

#include <jansson.h>
#include <stdio.h>

/* Print text so that it is nothing but text: control characters, what the locale can't show, and
 * characters that change the direction of others become \xHH, octet for octet; '\' becomes '\\'. */
void spoolctl_text_put(FILE *out, const char *text, size_t len);

/* The same, but for line ends and tabs, and '\' stays: for whole messages. */
void spoolctl_text_put_lines(FILE *out, const char *text, size_t len);

/* A JSON string. Octets that are no UTF-8 become U+FFFD. NULL: no memory. */
json_t *spoolctl_text_json(const char *text, size_t len);

/* The same of a string, such as a mailbox's location: a file's name may hold any octets, too. */
json_t *spoolctl_text_json_name(const char *name);

/* Print the JSON value on one line, and release it (NULL: no memory). An exit status. */
int spoolctl_json_print(json_t *value);

#endif
