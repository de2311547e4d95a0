// SPDX-License-Identifier: GPL-2.0-only
/* A parent with mediated devices, as virtual as can be. */
#include <linux/mdev.h>
#include <linux/module.h>
#include <linux/uaccess.h>

#include "lab.h"

#define MAX_INSTANCES 16

struct lab_mdev {
	struct vfio_device vdev;
	struct lab lab;
};

static struct {
	struct class *class;
	struct device dev;
	struct mdev_parent parent;
	struct mdev_type types[LAB_MAX_TYPES];
	struct mdev_type *pointers[LAB_MAX_TYPES];
} root;

static struct lab_mdev *to_lab_mdev(struct vfio_device *vdev)
{
	return container_of(vdev, struct lab_mdev, vdev);
}

struct lab *lab_of_mdev(struct device *dev)
{
	struct lab_mdev *device = dev_get_drvdata(dev);

	return &device->lab;
}

static int lab_mdev_init(struct vfio_device *vdev)
{
	struct mdev_device *mdev = to_mdev_device(vdev->dev);

	return lab_init(&to_lab_mdev(vdev)->lab, vdev,
			kobject_name(&mdev->type->kobj));
}

static void lab_mdev_release(struct vfio_device *vdev)
{
	lab_release(&to_lab_mdev(vdev)->lab);
}

static void lab_mdev_close(struct vfio_device *vdev)
{
	lab_reset(&to_lab_mdev(vdev)->lab);
}

static ssize_t lab_mdev_rw(struct vfio_device *vdev, char __user *buffer,
			   size_t count, loff_t *position, bool write)
{
	ssize_t ret;

	if (*position >> LAB_OFFSET_SHIFT != LAB_REGION)
		return -EINVAL;
	ret = lab_scratch_rw(&to_lab_mdev(vdev)->lab, buffer, count,
			     *position & LAB_OFFSET_MASK, write);
	if (ret > 0)
		*position += ret;
	return ret;
}

static ssize_t lab_mdev_read(struct vfio_device *vdev, char __user *buffer,
			     size_t count, loff_t *position)
{
	return lab_mdev_rw(vdev, buffer, count, position, false);
}

static ssize_t lab_mdev_write(struct vfio_device *vdev,
			      const char __user *buffer, size_t count,
			      loff_t *position)
{
	return lab_mdev_rw(vdev, (char __user *)buffer, count, position, true);
}

static long lab_mdev_info(unsigned long arg)
{
	unsigned long size = offsetofend(struct vfio_device_info, num_irqs);
	struct vfio_device_info info = {};

	if (copy_from_user(&info, (void __user *)arg, size))
		return -EFAULT;
	if (info.argsz < size)
		return -EINVAL;
	info.flags = VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET;
	info.num_regions = LAB_REGION + 1;
	info.num_irqs = 0;
	return copy_to_user((void __user *)arg, &info, size) ? -EFAULT : 0;
}

static long lab_mdev_region(unsigned long arg)
{
	unsigned long size = offsetofend(struct vfio_region_info, offset);
	struct vfio_region_info info = {};

	if (copy_from_user(&info, (void __user *)arg, size))
		return -EFAULT;
	if (info.argsz < size || info.index > LAB_REGION)
		return -EINVAL;
	info.offset = (u64)info.index << LAB_OFFSET_SHIFT;
	info.size = 0;
	info.flags = 0;
	if (info.index == LAB_REGION) {
		info.size = LAB_SCRATCH;
		info.flags = VFIO_REGION_INFO_FLAG_READ |
			     VFIO_REGION_INFO_FLAG_WRITE;
	}
	return copy_to_user((void __user *)arg, &info, size) ? -EFAULT : 0;
}

static long lab_mdev_ioctl(struct vfio_device *vdev, unsigned int command,
			   unsigned long arg)
{
	switch (command) {
	case VFIO_DEVICE_GET_INFO:
		return lab_mdev_info(arg);
	case VFIO_DEVICE_GET_REGION_INFO:
		return lab_mdev_region(arg);
	case VFIO_DEVICE_RESET:
		lab_reset(&to_lab_mdev(vdev)->lab);
		return 0;
	}
	return -ENOTTY;
}

static const struct vfio_device_ops lab_mdev_ops = {
	.name = LAB_NAME,
	.init = lab_mdev_init,
	.release = lab_mdev_release,
	.close_device = lab_mdev_close,
	.read = lab_mdev_read,
	.write = lab_mdev_write,
	.ioctl = lab_mdev_ioctl,
	.bind_iommufd = vfio_iommufd_emulated_bind,
	.unbind_iommufd = vfio_iommufd_emulated_unbind,
	.attach_ioas = vfio_iommufd_emulated_attach_ioas,
	.detach_ioas = vfio_iommufd_emulated_detach_ioas,
};

static int lab_mdev_probe(struct mdev_device *mdev)
{
	struct lab_mdev *device =
		vfio_alloc_device(lab_mdev, vdev, &mdev->dev, &lab_mdev_ops);
	int ret;

	if (IS_ERR(device))
		return PTR_ERR(device);
	/* The files that are about to appear look the device up. */
	dev_set_drvdata(&mdev->dev, device);
	ret = lab_publish(&device->lab);
	if (ret)
		goto put;
	ret = vfio_register_emulated_iommu_dev(&device->vdev);
	if (ret)
		goto withdraw;
	return 0;

withdraw:
	lab_withdraw(&device->lab);
put:
	vfio_put_device(&device->vdev);
	return ret;
}

static void lab_mdev_remove(struct mdev_device *mdev)
{
	struct lab_mdev *device = dev_get_drvdata(&mdev->dev);

	vfio_unregister_group_dev(&device->vdev);
	lab_withdraw(&device->lab);
	vfio_put_device(&device->vdev);
}

static struct mdev_driver lab_mdev_driver = {
	.device_api = VFIO_DEVICE_API_PCI_STRING,
	.max_instances = MAX_INSTANCES,
	.probe = lab_mdev_probe,
	.remove = lab_mdev_remove,
	.driver = {
		.name = LAB_NAME,
		.owner = THIS_MODULE,
		.mod_name = KBUILD_MODNAME,
		.dev_groups = lab_groups,
	},
};

static void lab_parent_release(struct device *dev)
{
}

int lab_mdev_register(char **names, unsigned int count)
{
	unsigned int index;
	int ret;

	for (index = 0; index < count; index++) {
		root.types[index].sysfs_name = names[index];
		root.types[index].pretty_name = names[index];
		root.pointers[index] = &root.types[index];
	}
	ret = mdev_register_driver(&lab_mdev_driver);
	if (ret)
		return ret;
	root.class = class_create(LAB_PARENT);
	if (IS_ERR(root.class)) {
		ret = PTR_ERR(root.class);
		goto driver;
	}
	root.dev.class = root.class;
	root.dev.release = lab_parent_release;
	dev_set_name(&root.dev, LAB_PARENT);
	ret = device_register(&root.dev);
	if (ret) {
		put_device(&root.dev);
		goto class;
	}
	ret = mdev_register_parent(&root.parent, &root.dev, &lab_mdev_driver,
				   root.pointers, count);
	if (!ret)
		return 0;
	device_unregister(&root.dev);
class:
	class_destroy(root.class);
driver:
	mdev_unregister_driver(&lab_mdev_driver);
	return ret;
}

void lab_mdev_unregister(void)
{
	mdev_unregister_parent(&root.parent);
	device_unregister(&root.dev);
	class_destroy(root.class);
	mdev_unregister_driver(&lab_mdev_driver);
}
