// SPDX-License-Identifier: GPL-2.0-only
/*
 * VFs that look different to sysfs and to a guest, as those of another
 * device would: the hardware below cannot.
 */
#include <linux/ioport.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/pci.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/vfio_pci_core.h>

#include "lab.h"

static char *next_revision = "";
module_param(next_revision, charp, 0444);
MODULE_PARM_DESC(next_revision, "address of a VF that has the next revision");

static char *double_bar = "";
module_param(double_bar, charp, 0444);
MODULE_PARM_DESC(double_bar,
		 "address of the last VF of a PF: its BAR 0 is twice as large");

static char *more_vectors = "";
module_param(more_vectors, charp, 0444);
MODULE_PARM_DESC(more_vectors,
		 "address of a VF that has one MSI-X vector more");

int lab_disguise(struct pci_dev *pdev)
{
	struct resource *bar = &pdev->resource[0];

	/* The second half is the room of the VF that would be the next one. */
	if (!strcmp(pci_name(pdev), double_bar)) {
		int ret = adjust_resource(bar, bar->start,
					  2 * resource_size(bar));

		if (ret)
			return ret;
	}
	if (!strcmp(pci_name(pdev), next_revision))
		pdev->revision++;
	return 0;
}

void lab_undisguise(struct pci_dev *pdev)
{
	struct resource *bar = &pdev->resource[0];

	if (!strcmp(pci_name(pdev), double_bar))
		adjust_resource(bar, bar->start, resource_size(bar) / 2);
	if (!strcmp(pci_name(pdev), next_revision))
		pdev->revision--;
}

int lab_vectors(struct pci_dev *pdev)
{
	bool more = !strcmp(pci_name(pdev), more_vectors);

	return pci_msix_vec_count(pdev) + more;
}

static int lab_replace(char __user *buffer, u64 first, size_t count,
		       u64 offset, u8 value)
{
	if (offset < first || offset >= first + count)
		return 0;
	return put_user(value, (u8 __user *)buffer + offset - first);
}

/* The configuration space comes from the hardware, but for these bytes. */
ssize_t lab_disguised_read(struct vfio_device *vdev, char __user *buffer,
			   size_t count, loff_t *position)
{
	u64 first = *position & VFIO_PCI_OFFSET_MASK;
	bool config = VFIO_PCI_OFFSET_TO_INDEX(*position) ==
		      VFIO_PCI_CONFIG_REGION_INDEX;
	struct pci_dev *pdev = to_pci_dev(vdev->dev);
	ssize_t ret = vfio_pci_core_read(vdev, buffer, count, position);

	if (!config || ret <= 0)
		return ret;
	if (lab_replace(buffer, first, ret, PCI_REVISION_ID, pdev->revision))
		return -EFAULT;
	/* The size of the table is there less one. */
	if (!strcmp(pci_name(pdev), more_vectors) &&
	    lab_replace(buffer, first, ret, pdev->msix_cap + PCI_MSIX_FLAGS,
			lab_vectors(pdev) - 1))
		return -EFAULT;
	return ret;
}
