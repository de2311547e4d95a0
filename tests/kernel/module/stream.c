// SPDX-License-Identifier: GPL-2.0-only
/* The files that user space saves a device's state from and loads it into. */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "lab.h"

struct lab_migf {
	struct file *filp;
	struct lab_identity own;
	struct mutex lock;	/* all of the below */
	struct lab_stream data;
	size_t filled;
	int refusal;
	bool disabled;
};

static int lab_migf_release(struct inode *inode, struct file *filp)
{
	struct lab_migf *migf = filp->private_data;

	mutex_destroy(&migf->lock);
	kfree(migf);
	return 0;
}

static ssize_t lab_saving_read(struct file *filp, char __user *buffer,
			       size_t length, loff_t *position)
{
	struct lab_migf *migf = filp->private_data;
	ssize_t ret;

	if (position)
		return -ESPIPE;
	mutex_lock(&migf->lock);
	if (migf->disabled) {
		ret = -ENODEV;
	} else {
		length = min_t(size_t, length, migf->filled - filp->f_pos);
		ret = length;
		if (copy_to_user(buffer, (u8 *)&migf->data + filp->f_pos,
				 length))
			ret = -EFAULT;
		else
			filp->f_pos += length;
	}
	mutex_unlock(&migf->lock);
	return ret;
}

static ssize_t lab_resuming_write(struct file *filp, const char __user *buffer,
				  size_t length, loff_t *position)
{
	struct lab_migf *migf = filp->private_data;
	ssize_t ret = length;

	if (position)
		return -ESPIPE;
	mutex_lock(&migf->lock);
	if (migf->disabled) {
		ret = -ENODEV;
	} else if (migf->refusal) {
		ret = migf->refusal;
	} else if (length > sizeof(migf->data) - migf->filled) {
		ret = migf->refusal = -EMSGSIZE;
	} else if (copy_from_user((u8 *)&migf->data + migf->filled, buffer,
				  length)) {
		ret = -EFAULT;
	} else {
		migf->filled += length;
		/* As early as it can be known: the header comes first. */
		if (migf->filled >= sizeof(migf->data.header))
			migf->refusal = lab_accepts(&migf->own,
						    &migf->data.header);
		if (migf->refusal)
			ret = migf->refusal;
	}
	mutex_unlock(&migf->lock);
	return ret;
}

static const struct file_operations lab_saving_fops = {
	.owner = THIS_MODULE,
	.read = lab_saving_read,
	.release = lab_migf_release,
};

static const struct file_operations lab_resuming_fops = {
	.owner = THIS_MODULE,
	.write = lab_resuming_write,
	.release = lab_migf_release,
};

static struct lab_migf *lab_migf_open(struct lab *lab,
				      const struct file_operations *fops,
				      int flags)
{
	struct lab_migf *migf = kzalloc(sizeof(*migf), GFP_KERNEL_ACCOUNT);
	int ret;

	if (!migf)
		return ERR_PTR(-ENOMEM);
	migf->filp = anon_inode_getfile(LAB_NAME, fops, migf, flags);
	if (IS_ERR(migf->filp)) {
		ret = PTR_ERR(migf->filp);
		kfree(migf);
		return ERR_PTR(ret);
	}
	stream_open(migf->filp->f_inode, migf->filp);
	mutex_init(&migf->lock);
	migf->own = lab->identity;
	return migf;
}

struct file *lab_open_saving(struct lab *lab)
{
	struct lab_migf *migf = lab_migf_open(lab, &lab_saving_fops, O_RDONLY);
	struct lab_header *header;

	if (IS_ERR(migf))
		return ERR_CAST(migf);
	header = &migf->data.header;
	header->magic = cpu_to_le64(LAB_MAGIC);
	header->major = cpu_to_le16(lab->identity.major);
	header->minor = cpu_to_le16(lab->identity.minor);
	header->aggregator = cpu_to_le32(lab->identity.aggregator);
	header->features = cpu_to_le32(lab->identity.features);
	header->length = cpu_to_le32(LAB_SCRATCH);
	strscpy(header->type, lab->identity.type, LAB_TYPE_LEN);
	memcpy(migf->data.scratch, lab->scratch, LAB_SCRATCH);
	migf->filled = sizeof(migf->data);
	lab->saving = migf;
	return get_file(migf->filp);
}

struct file *lab_open_resuming(struct lab *lab)
{
	struct lab_migf *migf =
		lab_migf_open(lab, &lab_resuming_fops, O_WRONLY);

	if (IS_ERR(migf))
		return ERR_CAST(migf);
	lab->resuming = migf;
	return get_file(migf->filp);
}

/* RESUMING to STOP: all of the stream must be there by now. */
int lab_load(struct lab *lab)
{
	struct lab_migf *migf = lab->resuming;
	int ret;

	mutex_lock(&migf->lock);
	ret = migf->refusal;
	if (!ret && migf->filled != sizeof(migf->data))
		ret = -EINVAL;
	if (!ret)
		memcpy(lab->scratch, migf->data.scratch, LAB_SCRATCH);
	mutex_unlock(&migf->lock);
	return ret;
}

static void lab_migf_close(struct lab_migf **migf)
{
	if (!*migf)
		return;
	mutex_lock(&(*migf)->lock);
	(*migf)->disabled = true;
	mutex_unlock(&(*migf)->lock);
	fput((*migf)->filp);
	*migf = NULL;
}

void lab_close_streams(struct lab *lab)
{
	lab_migf_close(&lab->saving);
	lab_migf_close(&lab->resuming);
}
