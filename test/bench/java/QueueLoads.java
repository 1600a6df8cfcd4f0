package bench;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.queue.DistributedQueue;
import org.apache.curator.framework.recipes.queue.QueueBuilder;
import org.apache.curator.framework.recipes.queue.QueueConsumer;
import org.apache.curator.framework.recipes.queue.QueueSerializer;
import org.apache.curator.framework.recipes.queue.SimpleDistributedQueue;
import org.apache.curator.framework.state.ConnectionState;

/** What is measured of Curator's queues: all is put, and then all is taken. */
final class QueueLoads {
  private static final QueueSerializer<byte[]> AS_IT_IS = new QueueSerializer<>() {
    @Override
    public byte[] serialize(byte[] item) {
      return item;
    }

    @Override
    public byte[] deserialize(byte[] bytes) {
      return bytes;
    }
  };

  private final CuratorBench bench;

  QueueLoads(CuratorBench bench) {
    this.bench = bench;
  }

  /** The queue whose items come back when their consumer dies: the one with a path for locks. */
  Object acknowledged(String path, JsonNode told) throws Exception {
    int items = told.get("items").asInt();
    int consumers = told.get("consumers").asInt();
    List<CuratorFramework> curators = bench.sessions(consumers);
    byte[] item = new byte[told.get("bytes").asInt()];
    long putNs = System.nanoTime();
    DistributedQueue<byte[]> producer =
        QueueBuilder.builder(curators.get(0), null, AS_IT_IS, path).lockPath(path + "-locks").buildQueue();
    producer.start();
    for (int i = 0; i < items; i += 1) producer.put(item);
    if (!producer.flushPuts(120, TimeUnit.SECONDS)) throw new AssertionError("not put in time");
    putNs = System.nanoTime() - putNs;
    CountDownLatch taken = new CountDownLatch(items);
    long takeNs = System.nanoTime();
    for (CuratorFramework curator : curators) {
      QueueBuilder.builder(curator, counting(taken), AS_IT_IS, path)
          .lockPath(path + "-locks")
          .buildQueue()
          .start();
    }
    Loads.awaited(taken);
    return rates(items, putNs, System.nanoTime() - takeNs);
  }

  /** The queue that forgets an item when it hands it out. */
  Object simple(String path, JsonNode told) throws Exception {
    int items = told.get("items").asInt();
    int consumers = told.get("consumers").asInt();
    List<CuratorFramework> curators = bench.sessions(consumers);
    byte[] item = new byte[told.get("bytes").asInt()];
    AtomicInteger toPut = new AtomicInteger(items);
    long putNs = System.nanoTime();
    Loads.together(consumers, nth -> {
      SimpleDistributedQueue queue = new SimpleDistributedQueue(curators.get(nth), path);
      while (toPut.getAndDecrement() > 0) queue.offer(item);
    });
    putNs = System.nanoTime() - putNs;
    long takeNs = System.nanoTime();
    AtomicInteger taken = new AtomicInteger();
    Loads.together(consumers, nth -> {
      SimpleDistributedQueue queue = new SimpleDistributedQueue(curators.get(nth), path);
      while (queue.poll() != null) taken.incrementAndGet();
    });
    if (taken.get() != items) throw new AssertionError("taken " + taken.get());
    return rates(items, putNs, System.nanoTime() - takeNs);
  }

  private static QueueConsumer<byte[]> counting(CountDownLatch taken) {
    return new QueueConsumer<>() {
      @Override
      public void consumeMessage(byte[] item) {
        taken.countDown();
      }

      @Override
      public void stateChanged(CuratorFramework any, ConnectionState state) {}
    };
  }

  private static Object rates(int items, long putNs, long takeNs) {
    return Map.of("putPerS", items * 1e9 / putNs, "takePerS", items * 1e9 / takeNs);
  }
}
