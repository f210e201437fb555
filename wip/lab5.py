exec(open('/tmp/labdata/lab4.py').read().split("src=open")[0])
from mr_kmeans.algorithm.starts import search as SE
def new(P,n=10,f=2,par=4,more=5,gi=3,it=10):
    SE.FAILURES,SE.PARENTS,SE.MORE,SE.GROWN_ITERATIONS,SE.RESTART_ITERATIONS=f,par,more,gi,it
    return SE.search(P,n),[n,0]
lab.new=new
src=open('/tmp/labdata/lab.py').read()
from mr_kmeans.algorithm.starts.on_sample import sample_capacity
S2.sample_capacity=sample_capacity
exec(src[src.index("if __name__"):], lab.__dict__ | {'__name__':'__main__'})
