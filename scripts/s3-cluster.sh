#!/usr/bin/env bash
# A real object store on loopback for tests: Ceph's S3 gateway before a monitor and three replicas, no root or systemd needed to run it.
#   s3-cluster.sh install     Debian's packages, where they are missing (as root)
#   s3-cluster.sh start DIR   prints the endpoint when it answers; VARVE_S3_MEDIUM=memstore (default) or bluestore, which survives kill -9
#   s3-cluster.sh kill DIR N  kills replica N with SIGKILL
#   s3-cluster.sh revive DIR N
#   s3-cluster.sh stop DIR    kills all of it and removes DIR
# Ports: VARVE_S3_PORT (8580) and from VARVE_S3_CEPH_PORT (17789) on. Keys: testkey, testsecret.
set -euo pipefail
umask 022

command=${1:-} dir=${2:-}
replicas=3
gateway_port=${VARVE_S3_PORT:-8580}
monitor_port=${VARVE_S3_CEPH_PORT:-17789}
medium=${VARVE_S3_MEDIUM:-memstore}

ceph_cli() { ceph --connect-timeout 20 "$@" 2>>"$dir/log/cli.log"; }

wait_until() { # SECONDS COMMAND...
  local tries=$(($1 * 10))
  shift
  for ((i = 0; i < tries; i++)); do
    if "$@"; then return 0; fi
    sleep .1
  done
  echo "s3-cluster.sh: this did not come true: $*" >&2
  tail -n 5 "$dir"/log/*.log >&2 || true
  return 1
}

all_up() { [[ "$(ceph_cli osd stat)" == *" $replicas up"* ]]; }
gateway_answers() { (exec 3<>"/dev/tcp/127.0.0.1/$gateway_port") 2>/dev/null; }

install_packages() {
  if command -v ceph-mon >/dev/null && command -v ceph-osd >/dev/null && command -v radosgw >/dev/null && command -v ceph >/dev/null; then return; fi
  if ! command -v apt-get >/dev/null; then
    echo 's3-cluster.sh: ceph-mon, ceph-osd, radosgw and ceph-common are missing, and there is no apt-get to install them with' >&2
    exit 3
  fi
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends ceph-mon ceph-osd radosgw ceph-common >/dev/null
}

write_configuration() {
  cat >"$dir/ceph.conf" <<C
[global]
fsid = $1
mon_host = [v2:127.0.0.1:$monitor_port]
mon_initial_members = a
auth_cluster_required = none
auth_service_required = none
auth_client_required = none
ms_mon_client_mode = crc
ms_bind_msgr1 = false
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
ms_bind_port_min = $((monitor_port + 11))
ms_bind_port_max = $((monitor_port + 311))
run_dir = $dir/run
admin_socket = $dir/run/\$name.\$pid.asok
pid_file = $dir/run/\$name.pid
log_file = $dir/log/\$name.log
crash_dir = $dir/log
osd_crush_chooseleaf_type = 0
osd_pool_default_size = $replicas
osd_pool_default_min_size = 2
osd_pool_default_pg_num = 8
osd_pool_default_pgp_num = 8
osd_pool_default_pg_autoscale_mode = off
mon_max_pg_per_osd = 1000
paxos_propose_interval = 0.1
paxos_min_wait = 0.01
[mon]
mon_data = $dir/mon
mon_osd_min_down_reporters = 1
mon_data_avail_crit = 1
mon_data_avail_warn = 2
[osd]
osd_data = $dir/osd\$id
osd_objectstore = $medium
bluestore_block_size = 4294967296
memstore_device_bytes = 2147483648
osd_memory_target = 939524096
osd_heartbeat_interval = 1
osd_heartbeat_grace = 5
[client]
rgw_frontends = beast endpoint=127.0.0.1:$gateway_port tcp_nodelay=1
rgw_data = $dir/rgw
rgw_rados_pool_pg_num_min = 8
rgw_dynamic_resharding = false
rgw_run_sync_thread = false
rgw_override_bucket_index_max_shards = 1
rgw_thread_pool_size = 128
client_mount_timeout = 30
C
}

start() {
  mkdir -p "$dir"/{mon,run,log,rgw}
  local cluster pool uuid
  cluster=$(cat /proc/sys/kernel/random/uuid)
  write_configuration "$cluster"
  monmaptool --create --clobber --enable-all-features --addv a "[v2:127.0.0.1:$monitor_port]" --fsid "$cluster" "$dir/monmap" >/dev/null
  ceph-mon --mkfs -i a --monmap "$dir/monmap"
  ceph-mon -i a
  for ((n = 0; n < replicas; n++)); do
    mkdir -p "$dir/osd$n"
    uuid=$(cat /proc/sys/kernel/random/uuid)
    ceph_cli osd new "$uuid" >/dev/null
    { ceph-osd -i "$n" --mkfs --osd-uuid "$uuid" && ceph-osd -i "$n"; } >>"$dir/log/mkfs.$n.log" 2>&1 &
  done
  wait
  wait_until 60 all_up
  for pool in .rgw.root default.rgw.{log,control,meta,buckets.index,buckets.data,buckets.non-ec}; do
    ceph_cli osd pool create "$pool" 8 8 >/dev/null
    ceph_cli osd pool application enable "$pool" rgw >/dev/null
  done
  radosgw-admin user create --uid=test --display-name=test --access-key=testkey --secret-key=testsecret >/dev/null 2>>"$dir/log/cli.log"
  radosgw -n client.rgw
  wait_until 60 gateway_answers
  echo "http://127.0.0.1:$gateway_port"
}

kill_by() { # PID_FILE
  local pid
  pid=$(cat "$1" 2>/dev/null) || return 0
  # A number may have been given to another process since.
  if grep -qaE 'radosgw|ceph-(osd|mon)' "/proc/$pid/cmdline" 2>/dev/null; then kill -9 "$pid"; fi
}

stop() {
  for file in "$dir"/run/{client.rgw,osd.*,mon.*}.pid; do kill_by "$file"; done
  sleep .3
  rm -rf "$dir"
}

[ "$command" = install ] || [ -n "$dir" ] || { sed -n 2,9p "$0" >&2; exit 2; }
export CEPH_CONF="$dir/ceph.conf"
case $command in
  install) install_packages ;;
  start) start ;;
  kill) kill_by "$dir/run/osd.$3.pid" ;;
  revive) ceph-osd -i "$3" >>"$dir/log/revive.log" 2>&1 && wait_until 60 all_up ;;
  stop) stop ;;
  *) sed -n 2,9p "$0" >&2; exit 2 ;;
esac
