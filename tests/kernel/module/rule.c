// SPDX-License-Identifier: GPL-2.0-only
/*
 * The load rule, in one place: the type is the device's own (or the one of
 * also_loads), the major version is equal, the minor version is not newer,
 * the features are a subset, the aggregator is equal.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "lab.h"

/* Sorted, so that one set has one text. */
const char * const lab_features[] = { "dirty", "irq", "trace", NULL };

unsigned int lab_count_features(void)
{
	return ARRAY_SIZE(lab_features) - 1;
}

int lab_parse_features(const char *text, u32 *mask)
{
	size_t length;
	int index;

	*mask = 0;
	while (*text) {
		length = strcspn(text, "+\n");
		for (index = 0; lab_features[index]; index++)
			if (strlen(lab_features[index]) == length &&
			    !strncmp(lab_features[index], text, length))
				break;
		if (!lab_features[index])
			return -EINVAL;
		*mask |= BIT(index);
		text += length;
		if (*text)
			text++;
	}
	return 0;
}

int lab_print_features(char *buffer, size_t size, u32 mask)
{
	int index, length = 0;

	buffer[0] = '\0';
	for (index = 0; lab_features[index]; index++)
		if (mask & BIT(index))
			length += scnprintf(buffer + length, size - length,
					    "%s%s", length ? "+" : "",
					    lab_features[index]);
	return length;
}

/* Each refusal has its own error, so that a log says which part refused. */
int lab_accepts(const struct lab_identity *own, const struct lab_header *header)
{
	char type[LAB_TYPE_LEN];

	if (le64_to_cpu(header->magic) != LAB_MAGIC ||
	    le32_to_cpu(header->length) != LAB_SCRATCH)
		return -EBADMSG;
	if (strscpy(type, header->type, LAB_TYPE_LEN) < 0)
		return -EBADMSG;
	if (strcmp(type, own->type) &&
	    (!own->also_loads[0] || strcmp(type, own->also_loads)))
		return -EMEDIUMTYPE;
	if (le16_to_cpu(header->major) != own->major ||
	    le16_to_cpu(header->minor) > own->minor)
		return -EPROTO;
	if (le32_to_cpu(header->features) & ~own->features)
		return -EOPNOTSUPP;
	if (le32_to_cpu(header->aggregator) != own->aggregator)
		return -ERANGE;
	return 0;
}
