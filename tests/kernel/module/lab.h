/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A test driver that publishes what its devices can load, as proposed in
 * 2020 (<device>/migration/{self,compatible}/), and that really loads or
 * refuses by that rule.
 */
#ifndef VFIO_COMPAT_LAB_H
#define VFIO_COMPAT_LAB_H

#include <linux/device.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/vfio.h>

#define LAB_NAME		"vfio_compat_lab"
#define LAB_PARENT		"compat_lab"
#define LAB_TYPE_LEN		32
#define LAB_MAX_TYPES		4
#define LAB_SCRATCH		64
/* The scratch memory is one region, behind those of every PCI device. */
#define LAB_REGION		VFIO_PCI_NUM_REGIONS
#define LAB_OFFSET_SHIFT	40
#define LAB_OFFSET_MASK		((1ULL << LAB_OFFSET_SHIFT) - 1)

/* What a device writes, and what its load rule looks at. */
struct lab_identity {
	char type[LAB_TYPE_LEN];
	u16 major;
	u16 minor;
	u32 aggregator;
	u32 features;
	char also_loads[LAB_TYPE_LEN];
};

/* The stream: one header with the identity, then the scratch memory. */
struct lab_header {
	__le64 magic;
#define LAB_MAGIC 0x62616c2d74706d63ULL
	__le16 major;
	__le16 minor;
	__le32 aggregator;
	__le32 features;
	__le32 length;
	char type[LAB_TYPE_LEN];
} __packed;

struct lab_stream {
	struct lab_header header;
	u8 scratch[LAB_SCRATCH];
} __packed;

struct lab_migf;

/* The part that mdevs and VFs have in common. */
struct lab {
	struct vfio_device *vdev;
	struct kobject *migration;
	struct lab_identity identity;
	struct mutex lock;	/* all of the below */
	enum vfio_device_mig_state state;
	struct lab_migf *saving;
	struct lab_migf *resuming;
	u8 scratch[LAB_SCRATCH];
};

/* main.c */
extern bool lab_lie;
extern bool lab_publish_vectors;
int lab_identify(struct lab_identity *identity, struct device *dev,
		 const char *type);
struct lab *lab_of(struct device *dev);

/* rule.c */
extern const char * const lab_features[];
unsigned int lab_count_features(void);
int lab_parse_features(const char *text, u32 *mask);
int lab_print_features(char *buffer, size_t size, u32 mask);
int lab_accepts(const struct lab_identity *own,
		const struct lab_header *header);

/* stream.c */
struct file *lab_open_saving(struct lab *lab);
struct file *lab_open_resuming(struct lab *lab);
int lab_load(struct lab *lab);
void lab_close_streams(struct lab *lab);

/* publish.c */
int lab_publish(struct lab *lab);
void lab_withdraw(struct lab *lab);

/* device.c */
int lab_init(struct lab *lab, struct vfio_device *vdev, const char *type);
void lab_release(struct lab *lab);
void lab_reset(struct lab *lab);
ssize_t lab_scratch_rw(struct lab *lab, char __user *buffer, size_t count,
		       u64 position, bool write);
extern const struct attribute_group *lab_groups[];

/* guise.c */
struct pci_dev;
int lab_disguise(struct pci_dev *pdev);
void lab_undisguise(struct pci_dev *pdev);
int lab_vectors(struct pci_dev *pdev);
ssize_t lab_disguised_read(struct vfio_device *vdev, char __user *buffer,
			   size_t count, loff_t *position);

/* mdev.c, nvme.c */
int lab_mdev_register(char **types, unsigned int count);
void lab_mdev_unregister(void);
struct lab *lab_of_mdev(struct device *dev);
int lab_nvme_register(void);
void lab_nvme_unregister(void);
struct lab *lab_of_nvme(struct device *dev);

#endif
