/**
 * Which structure the objects of a cache are: of Linux 2.4 to 6.x, as kmem_cache_create() is called for it; else the one that has
 * the cache's name. Several where versions differ: that is meant whose size is the objects'.
 */
const known: Readonly<Record<string, readonly string[]>> = {
  // fs/
  dentry_cache: ['dentry'],
  inode_cache: ['inode'],
  ext2_inode_cache: ['ext2_inode_info'],
  ext3_inode_cache: ['ext3_inode_info'],
  ext4_inode_cache: ['ext4_inode_info'],
  proc_inode_cache: ['proc_inode'],
  shmem_inode_cache: ['shmem_inode_info'],
  sock_inode_cache: ['socket_alloc'],
  bdev_cache: ['bdev_inode', 'block_device'],
  filp: ['file'],
  files_cache: ['files_struct'],
  fs_cache: ['fs_struct'],
  mnt_cache: ['mount', 'vfsmount'],
  file_lock_cache: ['file_lock'],
  file_lock_ctx: ['file_lock_context'],
  eventpoll_epi: ['epitem'],
  eventpoll_pwq: ['eppoll_entry'],
  ep_head: ['epitems_head'],
  kernfs_node_cache: ['kernfs_node'],
  jbd2_journal_head: ['journal_head'],
  jbd2_journal_handle: ['jbd2_journal_handle', 'handle_s'],
  jbd2_transaction_s: ['transaction_s'],
  ext4_extent_status: ['extent_status'],
  ext4_groupinfo_1k: ['ext4_group_info'],
  ext4_groupinfo_4k: ['ext4_group_info'],
  dnotify_cache: ['dnotify_struct'],
  fasync_cache: ['fasync_struct'],
  // kernel/, mm/
  signal_act: ['signal_struct'],
  signal_cache: ['signal_struct'],
  sighand_cache: ['sighand_struct'],
  cred_jar: ['cred'],
  uid_cache: ['user_struct'],
  radix_tree_node: ['radix_tree_node', 'xa_node'],
  // block/
  blkdev_requests: ['request'],
  blkdev_queue: ['request_queue'],
  request_queue: ['request_queue'],
  blkdev_ioc: ['io_context'],
  // net/
  skbuff_head_cache: ['sk_buff'],
  skbuff_fclone_cache: ['sk_buff_fclones'],
  TCP: ['tcp_sock'],
  UDP: ['udp_sock'],
  UNIX: ['unix_sock'],
  'UNIX-STREAM': ['unix_sock'],
  request_sock_TCP: ['tcp_request_sock'],
  tw_sock_TCP: ['tcp_timewait_sock'],
  tcp_open_request: ['open_request'],
  tcp_bind_bucket: ['tcp_bind_bucket', 'inet_bind_bucket'],
  tcp_bind2_bucket: ['inet_bind2_bucket'],
  inet_peer_cache: ['inet_peer'],
  ip_fib_hash: ['fib_node'],
  ip_dst_cache: ['rtable'],
  arp_cache: ['neighbour'],
};

export const structNamesOf = (cache: string): readonly string[] => [...new Set([...(known[cache] ?? []), cache])];
