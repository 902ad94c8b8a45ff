# A small workload: files, pipes and processes, with busybox.
for i in $(seq 20); do
  echo "line $i" | cat | tr a-z A-Z >>out
done
wc -l out
rm out
