// SPDX-License-Identifier: GPL-2.0-only
/*
 * A variant driver for the NVMe VFs of QEMU. It moves the scratch memory and
 * nothing of the NVMe controller: enough to see who accepts whom.
 */
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/vfio_pci_core.h>

#include "lab.h"

#define LAB_NVME_TYPE	"qemu-nvme-vf"

struct lab_nvme {
	struct vfio_pci_core_device core;
	struct lab lab;
};

static struct lab_nvme *to_lab_nvme(struct vfio_device *vdev)
{
	return container_of(vdev, struct lab_nvme, core.vdev);
}

/* vfio_pci_core wants to find its own part behind the pointer. */
struct lab *lab_of_nvme(struct device *dev)
{
	struct vfio_pci_core_device *core = dev_get_drvdata(dev);

	return &container_of(core, struct lab_nvme, core)->lab;
}

static ssize_t lab_region_rw(struct vfio_pci_core_device *core,
			     char __user *buffer, size_t count,
			     loff_t *position, bool write)
{
	struct lab_nvme *device = container_of(core, struct lab_nvme, core);
	ssize_t ret = lab_scratch_rw(&device->lab, buffer, count,
				     *position & LAB_OFFSET_MASK, write);

	if (ret > 0)
		*position += ret;
	return ret;
}

static void lab_region_release(struct vfio_pci_core_device *core,
			       struct vfio_pci_region *region)
{
}

static const struct vfio_pci_regops lab_region_ops = {
	.rw = lab_region_rw,
	.release = lab_region_release,
};

static int lab_nvme_init(struct vfio_device *vdev)
{
	int ret = lab_init(&to_lab_nvme(vdev)->lab, vdev, LAB_NVME_TYPE);

	return ret ?: vfio_pci_core_init_dev(vdev);
}

static void lab_nvme_release(struct vfio_device *vdev)
{
	lab_release(&to_lab_nvme(vdev)->lab);
	vfio_pci_core_release_dev(vdev);
}

static int lab_nvme_open(struct vfio_device *vdev)
{
	struct vfio_pci_core_device *core = &to_lab_nvme(vdev)->core;
	int ret = vfio_pci_core_enable(core);

	if (ret)
		return ret;
	ret = vfio_pci_core_register_dev_region(core, 0, 0, &lab_region_ops,
						LAB_SCRATCH,
						VFIO_REGION_INFO_FLAG_READ |
						VFIO_REGION_INFO_FLAG_WRITE,
						NULL);
	if (ret) {
		vfio_pci_core_disable(core);
		return ret;
	}
	vfio_pci_core_finish_enable(core);
	return 0;
}

static void lab_nvme_close(struct vfio_device *vdev)
{
	lab_reset(&to_lab_nvme(vdev)->lab);
	vfio_pci_core_close_device(vdev);
}

static long lab_nvme_ioctl(struct vfio_device *vdev, unsigned int command,
			   unsigned long arg)
{
	long ret = vfio_pci_core_ioctl(vdev, command, arg);

	if (command == VFIO_DEVICE_RESET && !ret)
		lab_reset(&to_lab_nvme(vdev)->lab);
	return ret;
}

static const struct vfio_device_ops lab_nvme_ops = {
	.name = LAB_NAME,
	.init = lab_nvme_init,
	.release = lab_nvme_release,
	.open_device = lab_nvme_open,
	.close_device = lab_nvme_close,
	.ioctl = lab_nvme_ioctl,
	.device_feature = vfio_pci_core_ioctl_feature,
	.read = lab_disguised_read,
	.write = vfio_pci_core_write,
	.mmap = vfio_pci_core_mmap,
	.request = vfio_pci_core_request,
	.match = vfio_pci_core_match,
	.bind_iommufd = vfio_iommufd_physical_bind,
	.unbind_iommufd = vfio_iommufd_physical_unbind,
	.attach_ioas = vfio_iommufd_physical_attach_ioas,
	.detach_ioas = vfio_iommufd_physical_detach_ioas,
};

static int lab_nvme_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct lab_nvme *device;
	int ret;

	device = vfio_alloc_device(lab_nvme, core.vdev, &pdev->dev,
				   &lab_nvme_ops);
	if (IS_ERR(device))
		return PTR_ERR(device);
	dev_set_drvdata(&pdev->dev, &device->core);
	ret = lab_disguise(pdev);
	if (ret)
		goto put;
	ret = lab_publish(&device->lab);
	if (ret)
		goto undisguise;
	ret = vfio_pci_core_register_device(&device->core);
	if (ret)
		goto withdraw;
	return 0;

withdraw:
	lab_withdraw(&device->lab);
undisguise:
	lab_undisguise(pdev);
put:
	vfio_put_device(&device->core.vdev);
	return ret;
}

static void lab_nvme_remove(struct pci_dev *pdev)
{
	struct vfio_pci_core_device *core = dev_get_drvdata(&pdev->dev);
	struct lab_nvme *device = container_of(core, struct lab_nvme, core);

	vfio_pci_core_unregister_device(core);
	lab_withdraw(&device->lab);
	lab_undisguise(pdev);
	vfio_put_device(&core->vdev);
}

static const struct pci_device_id lab_nvme_table[] = {
	{ PCI_DRIVER_OVERRIDE_DEVICE_VFIO(PCI_VENDOR_ID_REDHAT, 0x0010) },
	{ 0, }
};
MODULE_DEVICE_TABLE(pci, lab_nvme_table);

static struct pci_driver lab_nvme_driver = {
	.name = LAB_NAME,
	.id_table = lab_nvme_table,
	.probe = lab_nvme_probe,
	.remove = lab_nvme_remove,
	.dev_groups = lab_groups,
	.err_handler = &vfio_pci_core_err_handlers,
	.driver_managed_dma = true,
};

int lab_nvme_register(void)
{
	return pci_register_driver(&lab_nvme_driver);
}

void lab_nvme_unregister(void)
{
	pci_unregister_driver(&lab_nvme_driver);
}
