// SPDX-License-Identifier: GPL-2.0-only
/*
 * <device>/migration/self/ says what the device writes, and
 * <device>/migration/compatible/ (and compatible1/, where there is a second
 * alternative) what it loads: one value per file, a template where several
 * values are loaded.
 */
#include <linux/kobject.h>
#include <linux/pci.h>
#include <linux/sysfs.h>

#include "lab.h"

/* The groups are no kobjects of their own: kobj is "migration". */
static struct lab *lab_of_migration(struct kobject *kobj)
{
	return lab_of(container_of(kobj->parent, struct device, kobj));
}

static ssize_t device_api_show(struct kobject *kobj,
			       struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", VFIO_DEVICE_API_PCI_STRING);
}

static ssize_t type_show(struct kobject *kobj, struct kobj_attribute *attr,
			 char *buf)
{
	return sysfs_emit(buf, "%s\n", lab_of_migration(kobj)->identity.type);
}

static ssize_t also_type_show(struct kobject *kobj,
			      struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n",
			  lab_of_migration(kobj)->identity.also_loads);
}

static ssize_t version_show(struct kobject *kobj, struct kobj_attribute *attr,
			    char *buf)
{
	struct lab *lab = lab_of_migration(kobj);

	return sysfs_emit(buf, "%u.%u.0\n", lab->identity.major,
			  lab->identity.minor);
}

static ssize_t aggregator_show(struct kobject *kobj,
			       struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n",
			  READ_ONCE(lab_of_migration(kobj)->identity.aggregator));
}

static ssize_t features_show(struct kobject *kobj,
			     struct kobj_attribute *attr, char *buf)
{
	char text[64];

	lab_print_features(text, sizeof(text),
			   lab_of_migration(kobj)->identity.features);
	return sysfs_emit(buf, "%s\n", text);
}

/* The module loads whatever it is; QEMU does not. */
static ssize_t vectors_show(struct kobject *kobj, struct kobj_attribute *attr,
			    char *buf)
{
	struct lab *lab = lab_of_migration(kobj);

	return sysfs_emit(buf, "%d\n",
			  lab_vectors(to_pci_dev(lab->vdev->dev)));
}

/*
 * Literal: major equal and minor not newer, by the proposal's rule. The
 * same text as in self, so that nothing has to be explained twice.
 */
static ssize_t loads_version_show(struct kobject *kobj,
				  struct kobj_attribute *attr, char *buf)
{
	struct lab *lab = lab_of_migration(kobj);

	return sysfs_emit(buf, "%u.%u.0\n", lab->identity.major,
			  lab_lie ? 99 : lab->identity.minor);
}

static ssize_t loads_aggregator_show(struct kobject *kobj,
				     struct kobj_attribute *attr, char *buf)
{
	if (lab_lie)
		return sysfs_emit(buf, "{n:int:1,2,4,8}\n");
	return aggregator_show(kobj, attr, buf);
}

/* The templates have no subsets: each subset is spelled out. */
static ssize_t loads_features_show(struct kobject *kobj,
				   struct kobj_attribute *attr, char *buf)
{
	u32 all = BIT(lab_count_features()) - 1;
	u32 own = lab_of_migration(kobj)->identity.features;
	const char *comma = "";
	char text[64];
	int length;
	u32 mask;

	length = sysfs_emit(buf, "{f:string:");
	for (mask = 0; mask <= all; mask++) {
		if (!lab_lie && (mask & ~own))
			continue;
		lab_print_features(text, sizeof(text), mask);
		length += sysfs_emit_at(buf, length, "%s\"%s\"", comma, text);
		comma = ",";
	}
	return length + sysfs_emit_at(buf, length, "}\n");
}

#define LAB_ATTRIBUTE(variable, file, function)				\
	static struct kobj_attribute variable =				\
		__ATTR(file, 0444, function, NULL)

LAB_ATTRIBUTE(api, device_api, device_api_show);
LAB_ATTRIBUTE(type, type, type_show);
LAB_ATTRIBUTE(also_type, type, also_type_show);
LAB_ATTRIBUTE(vectors, msix_vectors, vectors_show);
LAB_ATTRIBUTE(self_version, software_version, version_show);
LAB_ATTRIBUTE(self_aggregator, aggregator, aggregator_show);
LAB_ATTRIBUTE(self_features, features, features_show);
LAB_ATTRIBUTE(loads_version, software_version, loads_version_show);
LAB_ATTRIBUTE(loads_aggregator, aggregator, loads_aggregator_show);
LAB_ATTRIBUTE(loads_features, features, loads_features_show);

static struct attribute *self_attrs[] = {
	&api.attr, &type.attr, &self_version.attr, &self_aggregator.attr,
	&self_features.attr, &vectors.attr, NULL
};

static struct attribute *compatible_attrs[] = {
	&api.attr, &type.attr, &loads_version.attr, &loads_aggregator.attr,
	&loads_features.attr, &vectors.attr, NULL
};

static struct attribute *also_attrs[] = {
	&api.attr, &also_type.attr, &loads_version.attr,
	&loads_aggregator.attr, &loads_features.attr, NULL
};

static umode_t is_published(struct kobject *kobj, struct attribute *attribute,
			    int index)
{
	if (attribute != &vectors.attr)
		return attribute->mode;
	return lab_publish_vectors && dev_is_pci(kobj_to_dev(kobj->parent)) ?
	       attribute->mode : 0;
}

static const struct attribute_group self_group = {
	.name = "self", .attrs = self_attrs, .is_visible = is_published,
};

static const struct attribute_group compatible_group = {
	.name = "compatible", .attrs = compatible_attrs,
	.is_visible = is_published,
};

static const struct attribute_group also_group = {
	.name = "compatible1", .attrs = also_attrs,
};

int lab_publish(struct lab *lab)
{
	const struct attribute_group *groups[] = {
		&self_group, &compatible_group,
		lab->identity.also_loads[0] ? &also_group : NULL, NULL
	};
	int ret;

	lab->migration = kobject_create_and_add("migration",
						&lab->vdev->dev->kobj);
	if (!lab->migration)
		return -ENOMEM;
	ret = sysfs_create_groups(lab->migration, groups);
	if (ret)
		lab_withdraw(lab);
	return ret;
}

void lab_withdraw(struct lab *lab)
{
	kobject_del(lab->migration);
	kobject_put(lab->migration);
	lab->migration = NULL;
}
