// SPDX-License-Identifier: GPL-2.0-only
/* The module: its parameters, loading and unloading. */
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/pci.h>
#include <linux/string.h>

#include "lab.h"

static char *types[LAB_MAX_TYPES] = { "small", "large" };
static int types_count = 2;
module_param_array(types, charp, &types_count, 0444);
MODULE_PARM_DESC(types, "mdev types that the parent offers");

static ushort major = 1;
module_param(major, ushort, 0444);
MODULE_PARM_DESC(major, "major version of the stream");

static ushort minor;
module_param(minor, ushort, 0444);
MODULE_PARM_DESC(minor, "minor version of the stream");

static char *features = "";
module_param(features, charp, 0444);
MODULE_PARM_DESC(features, "features of the devices, joined by +");

static char *also_loads = "";
module_param(also_loads, charp, 0444);
MODULE_PARM_DESC(also_loads, "another type whose streams the mdevs load too");

bool lab_lie;
module_param_named(lie, lab_lie, bool, 0444);
MODULE_PARM_DESC(lie, "publish more than the devices load");

bool lab_publish_vectors;
module_param_named(publish_vectors, lab_publish_vectors, bool, 0444);
MODULE_PARM_DESC(publish_vectors,
		 "publish how many MSI-X vectors a VF has; QEMU compares them");

int lab_identify(struct lab_identity *identity, struct device *dev,
		 const char *type)
{
	const char *also = dev_is_pci(dev) ? "" : also_loads;

	if (strscpy(identity->type, type, LAB_TYPE_LEN) < 0 ||
	    strscpy(identity->also_loads, also, LAB_TYPE_LEN) < 0)
		return -ENAMETOOLONG;
	identity->major = major;
	identity->minor = minor;
	identity->aggregator = 1;
	return lab_parse_features(features, &identity->features);
}

struct lab *lab_of(struct device *dev)
{
	return dev_is_pci(dev) ? lab_of_nvme(dev) : lab_of_mdev(dev);
}

static int __init lab_module_init(void)
{
	int ret = lab_mdev_register(types, types_count);

	if (ret)
		return ret;
	ret = lab_nvme_register();
	if (ret)
		lab_mdev_unregister();
	return ret;
}

static void __exit lab_module_exit(void)
{
	lab_nvme_unregister();
	lab_mdev_unregister();
}

module_init(lab_module_init);
module_exit(lab_module_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Devices that say what they can load, and load just that");
MODULE_AUTHOR("nova-vfio-compat developers");
MODULE_IMPORT_NS(IOMMUFD);
