// SPDX-License-Identifier: GPL-2.0-only
/* What every device of the lab does: migration states, memory, attributes. */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/iova_bitmap.h>
#include <linux/kernel.h>
#include <linux/sysfs.h>
#include <linux/uaccess.h>

#include "lab.h"

static struct lab *lab_of_vdev(struct vfio_device *vdev)
{
	return lab_of(vdev->dev);
}

static struct file *lab_step(struct lab *lab, enum vfio_device_mig_state next)
{
	enum vfio_device_mig_state now = lab->state;
	int ret;

	if (now == VFIO_DEVICE_STATE_STOP &&
	    next == VFIO_DEVICE_STATE_STOP_COPY)
		return lab_open_saving(lab);
	if (now == VFIO_DEVICE_STATE_STOP && next == VFIO_DEVICE_STATE_RESUMING)
		return lab_open_resuming(lab);
	if (now == VFIO_DEVICE_STATE_RESUMING) {
		ret = lab_load(lab);
		if (ret)
			return ERR_PTR(ret);
	}
	/* The device has no DMA that would have to be stopped or started. */
	lab_close_streams(lab);
	return NULL;
}

static struct file *lab_set_state(struct vfio_device *vdev,
				  enum vfio_device_mig_state wanted)
{
	struct lab *lab = lab_of_vdev(vdev);
	enum vfio_device_mig_state next;
	struct file *file = NULL;
	int ret;

	mutex_lock(&lab->lock);
	while (lab->state != wanted) {
		ret = vfio_mig_get_next_state(vdev, lab->state, wanted, &next);
		if (ret) {
			file = ERR_PTR(ret);
			break;
		}
		file = lab_step(lab, next);
		if (IS_ERR(file))
			break;
		lab->state = next;
		if (WARN_ON(file && wanted != next)) {
			fput(file);
			file = ERR_PTR(-EINVAL);
			break;
		}
	}
	mutex_unlock(&lab->lock);
	return file;
}

static int lab_get_state(struct vfio_device *vdev,
			 enum vfio_device_mig_state *state)
{
	struct lab *lab = lab_of_vdev(vdev);

	mutex_lock(&lab->lock);
	*state = lab->state;
	mutex_unlock(&lab->lock);
	return 0;
}

static int lab_get_data_size(struct vfio_device *vdev, unsigned long *length)
{
	*length = sizeof(struct lab_stream);
	return 0;
}

static const struct vfio_migration_ops lab_migration_ops = {
	.migration_set_state = lab_set_state,
	.migration_get_state = lab_get_state,
	.migration_get_data_size = lab_get_data_size,
};

static int lab_log_start(struct vfio_device *vdev,
			 struct rb_root_cached *ranges, u32 nnodes,
			 u64 *page_size)
{
	return 0;
}

static int lab_log_stop(struct vfio_device *vdev)
{
	return 0;
}

/* Nobody watches the DMA of the hardware: all may have been written. */
static int lab_log_read_and_clear(struct vfio_device *vdev, unsigned long iova,
				  unsigned long length,
				  struct iova_bitmap *dirty)
{
	iova_bitmap_set(dirty, iova, length);
	return 0;
}

static const struct vfio_log_ops lab_log_ops = {
	.log_start = lab_log_start,
	.log_stop = lab_log_stop,
	.log_read_and_clear = lab_log_read_and_clear,
};

int lab_init(struct lab *lab, struct vfio_device *vdev, const char *type)
{
	mutex_init(&lab->lock);
	lab->vdev = vdev;
	lab->state = VFIO_DEVICE_STATE_RUNNING;
	vdev->migration_flags = VFIO_MIGRATION_STOP_COPY;
	vdev->mig_ops = &lab_migration_ops;
	vdev->log_ops = &lab_log_ops;
	return lab_identify(&lab->identity, vdev->dev, type);
}

void lab_release(struct lab *lab)
{
	mutex_destroy(&lab->lock);
}

/* A reset, and the last close, end whatever was going on. */
void lab_reset(struct lab *lab)
{
	mutex_lock(&lab->lock);
	lab_close_streams(lab);
	lab->state = VFIO_DEVICE_STATE_RUNNING;
	memset(lab->scratch, 0, LAB_SCRATCH);
	mutex_unlock(&lab->lock);
}

ssize_t lab_scratch_rw(struct lab *lab, char __user *buffer, size_t count,
		       u64 position, bool write)
{
	ssize_t ret;

	if (position >= LAB_SCRATCH)
		return -EINVAL;
	count = min_t(size_t, count, LAB_SCRATCH - position);
	ret = count;
	mutex_lock(&lab->lock);
	if (write ? copy_from_user(lab->scratch + position, buffer, count) :
		    copy_to_user(buffer, lab->scratch + position, count))
		ret = -EFAULT;
	mutex_unlock(&lab->lock);
	return ret;
}

static ssize_t aggregator_show(struct device *dev,
			       struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n",
			  READ_ONCE(lab_of(dev)->identity.aggregator));
}

/* Under the name that the migration attributes have for it. */
static ssize_t aggregator_store(struct device *dev,
				struct device_attribute *attr,
				const char *buf, size_t count)
{
	struct lab *lab = lab_of(dev);
	u32 value;
	int ret = kstrtou32(buf, 10, &value);

	if (ret)
		return ret;
	if (value < 1 || value > 8)
		return -ERANGE;
	mutex_lock(&lab->lock);
	if (lab->saving || lab->resuming)
		ret = -EBUSY;
	else
		WRITE_ONCE(lab->identity.aggregator, value);
	mutex_unlock(&lab->lock);
	return ret ?: count;
}

static DEVICE_ATTR_RW(aggregator);

static struct attribute *lab_attrs[] = { &dev_attr_aggregator.attr, NULL };

static const struct attribute_group lab_group = {
	.name = LAB_PARENT, .attrs = lab_attrs,
};

const struct attribute_group *lab_groups[] = { &lab_group, NULL };
